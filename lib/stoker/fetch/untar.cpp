#include "stoker/fetch/untar.h"

#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/core/tar_header.h"

namespace stoker::fetch {
namespace {

namespace fs = std::filesystem;

using Block = std::array<char, kTarBlock>;

// The unpacked bytes of a gzip file, in order.
class GzipStream {
 public:
  explicit GzipStream(const fs::path& path) : path_(path), file_(gzopen(path.c_str(), "rbe")) {
    if (file_ == nullptr) throw FileError(fmt::format("{}: cannot open the file.", path.string()));
    gzbuffer(file_, 1u << 18);
  }
  ~GzipStream() { gzclose(file_); }
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  // Fills all of `to`, or throws; an end before it is an error.
  void read(std::span<char> to) {
    const int got = gzread(file_, to.data(), unsigned(to.size()));
    if (gzdirect(file_) != 0) fail("it is not gzip");
    int code = Z_OK;
    const char* reason = gzerror(file_, &code);
    if (got < 0 || (code != Z_OK && code != Z_BUF_ERROR)) fail(fmt::format("damaged ({})", reason));
    offset_ += uint64_t(got);
    if (size_t(got) < to.size()) fail("it ends too early");
  }
  // Reads to the end, so that gzip's own checksum is looked at.
  void drain() {
    std::vector<char> piece(size_t{1} << 16);
    int got = 0;
    while ((got = gzread(file_, piece.data(), unsigned(piece.size()))) > 0)
      offset_ += uint64_t(got);
    int code = Z_OK;
    const char* reason = gzerror(file_, &code);
    if (got < 0 || code != Z_OK) fail(fmt::format("damaged ({})", reason));
  }

  [[noreturn]] void fail(std::string_view what) const {
    throw DataError(
        fmt::format("{}: at byte {} of the unpacked archive: {}.", path_.string(), offset_, what));
  }

 private:
  fs::path path_;
  gzFile file_;
  uint64_t offset_ = 0;
};

// Nothing at the end of the archive.
std::optional<TarHeader> read_header(GzipStream& stream) {
  Block block;
  stream.read(block);
  try {
    return parse_tar_header(block);
  } catch (const DataError& error) {
    stream.fail(error.what());
  }
}

class Unpacker {
 public:
  Unpacker(GzipStream& stream, const fs::path& to, std::string top, const UnpackLimits& limits,
           FileSystem& files)
      : stream_(stream), to_(to), top_(std::move(top)), limits_(limits), files_(files) {}

  void run() {
    files_.make_directories(to_);
    while (const std::optional<TarHeader> member = read_header(stream_)) unpack(*member);
    if (members_.empty()) stream_.fail("it holds no file");
    stream_.drain();
  }

 private:
  void unpack(const TarHeader& member) {
    if (member.type == 'g' || member.type == 'x') return skip_attributes(member);
    if (member.type != '0' && member.type != '5')
      stream_.fail(
          fmt::format("'{}' is neither a file nor a folder (type '{}')", member.name, member.type));
    const fs::path path = checked_path(member);
    if (member.type == '5') return;  // made when a file needs it
    if (!members_.insert(path).second) stream_.fail(fmt::format("'{}' comes twice", member.name));
    if (int64_t(members_.size()) > limits_.most_files)
      stream_.fail(fmt::format("it holds more than {} files", limits_.most_files));
    bytes_ += member.size_bytes;
    if (member.size_bytes > limits_.most_bytes || bytes_ > limits_.most_bytes)
      stream_.fail(fmt::format("it unpacks to more than {} bytes", limits_.most_bytes));
    write(member, path);
  }

  // Attributes of POSIX headers: times and the like may be dropped, names and sizes may not.
  void skip_attributes(const TarHeader& member) {
    if (member.size_bytes > (uint64_t{1} << 16)) stream_.fail("an extended header is too large");
    std::string records(member.size_bytes + tar_padding(member.size_bytes), '\0');
    stream_.read(records);
    for (const std::string_view key : {" path=", " linkpath=", " size=", " GNU.sparse"})
      if (records.find(key) != std::string::npos)
        stream_.fail("an extended header changes a name or size, which is not supported");
  }

  // Where the member goes, with the top folder taken off; refuses what leaves it.
  fs::path checked_path(const TarHeader& member) const {
    std::string_view name = member.name;
    const auto refuse = [&](std::string_view why) {
      stream_.fail(fmt::format("the name '{}' {}", member.name, why));
    };
    const std::string_view problem = tar_name_problem(name);
    if (!name.empty() && !problem.empty()) refuse(problem);
    while (name.starts_with("./")) name.remove_prefix(2);
    while (name.ends_with('/')) name.remove_suffix(1);
    fs::path path(name);
    if (name.empty() || *path.begin() != top_) refuse(fmt::format("is outside '{}'", top_));
    fs::path below = path.lexically_normal().lexically_relative(top_);
    if (member.type == '0' && below == ".") refuse("is that of the top folder");
    return below;
  }

  void write(const TarHeader& member, const fs::path& path) {
    const fs::path target = to_ / path;
    files_.make_directories(target.parent_path());
    const std::unique_ptr<WritableFile> file = files_.create(target);
    std::vector<char> piece;
    for (uint64_t left = member.size_bytes; left > 0; left -= piece.size()) {
      piece.resize(size_t(std::min<uint64_t>(left, uint64_t{1} << 20)));
      stream_.read(piece);
      file->append(as_bytes({piece.data(), piece.size()}));
    }
    file->sync();
    file->close();
    Block padding;
    if (const size_t rest = tar_padding(member.size_bytes); rest != 0)
      stream_.read(std::span(padding).first(rest));
  }

  GzipStream& stream_;
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
    GzipStream stream(archive);
    Unpacker(stream, temporary, top, limits, files).run();
    files.rename(temporary, folder);
    files.sync_directory(parent);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    throw;
  }
}

}  // namespace stoker::fetch
