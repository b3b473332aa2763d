#include "stoker/fetch/untar.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/core/tar_header.h"

namespace stoker::fetch {
namespace {

namespace fs = std::filesystem;

// What may follow the end of an archive: tar fills up its last record with zeros.
constexpr uint64_t kMostAfterEnd = uint64_t{1} << 20;
// Headers of a member, long names and attributes included, on the average.
constexpr uint64_t kHeaderBytes = 4096;

[[noreturn]] void fail_at(const fs::path& archive, uint64_t offset, std::string_view what) {
  throw DataError(
      fmt::format("{}: at byte {} of the unpacked archive: {}.", archive.string(), offset, what));
}

// The unpacked bytes of a gzip file, in order. zlib's, since libarchive does not look at gzip's
// checksum.
class GzipStream {
 public:
  GzipStream(const fs::path& path, uint64_t most_bytes)
      : path_(path), file_(gzopen(path.c_str(), "rbe")), most_bytes_(most_bytes) {
    if (file_ == nullptr) throw FileError(fmt::format("{}: cannot open the file.", path.string()));
    gzbuffer(file_, 1u << 18);
  }
  ~GzipStream() { gzclose(file_); }
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  // The next bytes, none at the end.
  std::span<const char> read() {
    const int got = gzread(file_, piece_.data(), static_cast<unsigned>(piece_.size()));
    if (gzdirect(file_) != 0) fail_at(path_, offset_, "it is not gzip");
    int code = Z_OK;
    const char* reason = gzerror(file_, &code);
    if (code == Z_BUF_ERROR) fail_at(path_, offset_, "it ends too early");
    if (got < 0 || code != Z_OK) fail_at(path_, offset_, fmt::format("damaged ({})", reason));
    offset_ += static_cast<uint64_t>(got);
    if (offset_ > most_bytes_)
      fail_at(path_, offset_, fmt::format("it unpacks to more than {} bytes", most_bytes_));
    return std::span(piece_).first(static_cast<size_t>(got));
  }
  // Reads to the end, so that gzip's checksum is looked at.
  void drain() {
    const uint64_t end = offset_;
    while (!read().empty())
      if (offset_ - end > kMostAfterEnd) fail_at(path_, end, "much follows the end of the archive");
  }

 private:
  const fs::path path_;
  gzFile file_;
  const uint64_t most_bytes_;
  std::vector<char> piece_ = std::vector<char>(size_t{1} << 17);
  uint64_t offset_ = 0;
};

// While it lives, this thread reads names as UTF-8: libarchive converts pax's to the locale's
// letters.
class Utf8Names {
 public:
  Utf8Names() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_ != nullptr) before_ = uselocale(locale_);
  }
  ~Utf8Names() {
    if (locale_ == nullptr) return;
    uselocale(before_);
    freelocale(locale_);
  }
  Utf8Names(const Utf8Names&) = delete;
  Utf8Names& operator=(const Utf8Names&) = delete;

 private:
  locale_t locale_;
  locale_t before_ = nullptr;
};

// Members of a tar, by libarchive.
class TarReader {
 public:
  TarReader(GzipStream& stream, const fs::path& path) : stream_(stream), path_(path) {
    check(archive_read_support_format_tar(tar_.get()));
    check(archive_read_open2(tar_.get(), this, nullptr, read_piece, nullptr, nullptr));
  }

  // Null at the end of the archive, which has to have an end marker: a cut archive has none.
  archive_entry* next() {
    archive_entry* entry = nullptr;
    const int code = archive_read_next_header(tar_.get(), &entry);
    if (code == ARCHIVE_EOF) {
      const int64_t members_end = (data_end_ + kBlock - 1) / kBlock * kBlock;
      if (archive_filter_bytes(tar_.get(), 0) < members_end + kBlock) fail("it ends too early");
      return nullptr;
    }
    check(code);
    data_end_ = archive_filter_bytes(tar_.get(), 0);
    return entry;
  }

  // Fills all of `to` with the member's next bytes.
  void read(std::span<char> to) {
    const la_ssize_t got = archive_read_data(tar_.get(), to.data(), to.size());
    if (got < 0) check(static_cast<int>(got));
    if (static_cast<size_t>(got) < to.size()) fail("it ends too early");
    data_end_ += got;
  }

  [[noreturn]] void fail(std::string_view what) const {
    const int64_t read_bytes = archive_filter_bytes(tar_.get(), 0);
    fail_at(path_, static_cast<uint64_t>(std::max<int64_t>(read_bytes, 0)), what);
  }

 private:
  static constexpr int64_t kBlock = 512;

  // Nothing may be thrown through libarchive.
  static la_ssize_t read_piece(archive* tar, void* self, const void** piece) {
    auto& reader = *static_cast<TarReader*>(self);
    try {
      const std::span<const char> bytes = reader.stream_.read();
      *piece = bytes.data();
      return static_cast<la_ssize_t>(bytes.size());
    } catch (const Error&) {
      reader.stream_error_ = std::current_exception();
      archive_set_error(tar, EIO, "the gzip stream cannot be read");
      return ARCHIVE_FATAL;
    }
  }

  // Warnings are refused too: they say that something of the archive is not as it says.
  void check(int code) {
    if (stream_error_) std::rethrow_exception(stream_error_);
    if (code == ARCHIVE_OK) return;
    const char* text = archive_error_string(tar_.get());
    std::string_view reason(text != nullptr ? text : "damaged");
    if (reason.ends_with('.')) reason.remove_suffix(1);
    fail(reason);
  }

  GzipStream& stream_;
  const fs::path path_;
  std::exception_ptr stream_error_;
  int64_t data_end_ = 0;
  std::unique_ptr<archive, decltype(&archive_read_free)> tar_{archive_read_new(),
                                                              archive_read_free};
};

class Unpacker {
 public:
  Unpacker(TarReader& tar, const fs::path& to, std::string top, const UnpackLimits& limits,
           FileSystem& files)
      : tar_(tar), to_(to), top_(std::move(top)), limits_(limits), files_(files) {}

  void run() {
    files_.make_directories(to_);
    while (archive_entry* member = tar_.next()) unpack(member);
    if (members_.empty()) tar_.fail("it holds no file");
  }

 private:
  void unpack(archive_entry* member) {
    const char* text = archive_entry_pathname(member);
    if (text == nullptr) text = archive_entry_pathname_utf8(member);
    const std::string name = text != nullptr ? text : "";
    const auto type = archive_entry_filetype(member);
    const bool is_folder = type == AE_IFDIR;
    if ((type != AE_IFREG && !is_folder) || archive_entry_hardlink(member) != nullptr ||
        archive_entry_symlink(member) != nullptr)
      tar_.fail(fmt::format("'{}' is neither a file nor a folder", name));
    if (archive_entry_sparse_count(member) > 0)
      tar_.fail(fmt::format("'{}' is a sparse file, which is not supported", name));
    const fs::path path = checked_path(name, is_folder);
    if (is_folder) return;  // made when a file needs it
    if (!members_.insert(path).second) tar_.fail(fmt::format("'{}' comes twice", name));
    if (std::ssize(members_) > limits_.most_files)
      tar_.fail(fmt::format("it holds more than {} files", limits_.most_files));
    const int64_t size = archive_entry_size_is_set(member) ? archive_entry_size(member) : -1;
    if (size < 0) tar_.fail(fmt::format("the size of '{}' is not a number", name));
    const auto size_bytes = static_cast<uint64_t>(size);
    bytes_ += size_bytes;
    if (size_bytes > limits_.most_bytes || bytes_ > limits_.most_bytes)
      tar_.fail(fmt::format("it unpacks to more than {} bytes", limits_.most_bytes));
    write(to_ / path, size_bytes);
  }

  // Where the member goes, with the top folder taken off; refuses what leaves it.
  fs::path checked_path(const std::string& whole_name, bool is_folder) const {
    std::string_view name = whole_name;
    const auto refuse = [&](std::string_view why) {
      tar_.fail(fmt::format("the name '{}' {}", whole_name, why));
    };
    const std::string_view problem = tar_name_problem(name);
    if (!name.empty() && !problem.empty()) refuse(problem);
    while (name.starts_with("./")) name.remove_prefix(2);
    while (name.ends_with('/')) name.remove_suffix(1);
    fs::path path(name);
    if (name.empty() || *path.begin() != top_) refuse(fmt::format("is outside '{}'", top_));
    fs::path below = path.lexically_normal().lexically_relative(top_);
    if (!is_folder && below == ".") refuse("is that of the top folder");
    return below;
  }

  void write(const fs::path& target, uint64_t size_bytes) {
    files_.make_directories(target.parent_path());
    const std::unique_ptr<WritableFile> file = files_.create(target);
    std::vector<char> piece;
    for (uint64_t left = size_bytes; left > 0; left -= piece.size()) {
      piece.resize(static_cast<size_t>(std::min<uint64_t>(left, uint64_t{1} << 20)));
      tar_.read(piece);
      file->append(as_bytes({piece.data(), piece.size()}));
    }
    file->sync();
    file->close();
  }

  TarReader& tar_;
  const fs::path to_;
  const std::string top_;
  const UnpackLimits limits_;
  FileSystem& files_;
  std::set<fs::path> members_;
  uint64_t bytes_ = 0;
};

}  // namespace

void unpack_tar_gz(const fs::path& archive, const fs::path& folder, const UnpackLimits& limits,
                   FileSystem& files) {
  if (fs::exists(folder))
    throw DataError(fmt::format("{} is there already. Remove it to unpack {} again.",
                                folder.string(), archive.string()));
  const fs::path parent = folder.has_parent_path() ? folder.parent_path() : fs::path(".");
  const std::string top = folder.filename().string();
  const fs::path temporary = parent / fmt::format(".{}.unpacking-{}", top, ::getpid());
  try {
    files.remove_all(temporary);
    GzipStream stream(archive, limits.most_bytes +
                                   kHeaderBytes * static_cast<uint64_t>(limits.most_files) +
                                   kMostAfterEnd);
    const Utf8Names names;
    TarReader tar(stream, archive);
    Unpacker(tar, temporary, top, limits, files).run();
    stream.drain();
    files.rename(temporary, folder);
    files.sync_directory(parent);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    throw;
  }
}

}  // namespace stoker::fetch
