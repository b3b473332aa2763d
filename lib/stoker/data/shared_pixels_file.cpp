#include "stoker/data/shared_pixels_file.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"
#include "stoker/data/file_lock.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMagic = 0x31707865'6b6f7473;  // "stokexp1"
constexpr uint64_t kHeaderBytes = 4096;
constexpr uint64_t kMostSlots = uint64_t{1} << 28;
// Locks: exclusive while the file is made or removed; shared while it is open.
constexpr uint64_t kMakingByte = 0, kOpenByte = 1;

uint64_t whole_pages(uint64_t bytes) {
  return (bytes + kHeaderBytes - 1) / kHeaderBytes * kHeaderBytes;
}

bool is_same_file(int fd, const fs::path& path) {
  struct stat open, named;
  return ::fstat(fd, &open) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

// Machines do not see each other's writes to a map there.
void refuse_network(int fd, const fs::path& path) {
  struct statfs info;
  if (::fstatfs(fd, &info) != 0) fail(path, "ask about the file system");
  constexpr std::array<uint32_t, 6> kNetworks{
      0x6969,     0xFF534D42, 0xFE534D42,   // NFS, CIFS, SMB2
      0x0BD00BD0, 0x00C36400, 0x5346414F};  // Lustre, Ceph, AFS
  if (std::ranges::find(kNetworks, static_cast<uint32_t>(info.f_type)) == kNetworks.end()) return;
  throw FileError(
      fmt::format("{}: lies on a network file system, expected a local one; set data.cache_dir.",
                  shown(path.string())));
}

void read_header(int fd, SharedPixels::Header& header) {
  header = {};
  if (::pread(fd, &header, sizeof(header), 0) != static_cast<ssize_t>(sizeof(header))) header = {};
}

bool is_whole(int fd, const SharedPixels::Layout& layout) {
  SharedPixels::Header header;
  read_header(fd, header);
  struct stat info;
  return ::fstat(fd, &info) == 0 && static_cast<uint64_t>(info.st_size) == layout.data_end &&
         header.magic == kMagic && header.slots == layout.slots &&
         header.data_begin == layout.data_begin && header.data_end == layout.data_end &&
         header.next >= layout.data_begin;
}

// Nobody else has it open.
void make(int fd, const fs::path& path, const SharedPixels::Layout& layout) {
  rlimit limit{};
  // Beyond it the system ends the process instead of refusing.
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && layout.data_end > limit.rlim_cur)
    throw FileError(fmt::format("{}: {} bytes are more than `ulimit -f` lets a file have.",
                                shown(path.string()), layout.data_end));
  if (::ftruncate(fd, 0) != 0 || ::ftruncate(fd, static_cast<off_t>(layout.data_end)) != 0)
    fail(path, "make");
  // The table is written through a map, for which the disk must have room.
  if (const int error = ::posix_fallocate(fd, 0, static_cast<off_t>(layout.data_begin)))
    fail(path, "make", std::error_code(error, std::generic_category()));
  const SharedPixels::Header header{.magic = kMagic,
                                    .slots = layout.slots,
                                    .data_begin = layout.data_begin,
                                    .data_end = layout.data_end,
                                    .next = layout.data_begin,
                                    .filled = 0,
                                    .is_full = 0};
  if (::pwrite(fd, &header, sizeof(header), 0) != static_cast<ssize_t>(sizeof(header)))
    fail(path, "write");
}

}  // namespace

SharedPixels::Layout::Layout(const SharedPixelsOptions& options) {
  STOKER_CHECK(options.images >= 0 && options.data_bytes >= 0, "{} images, {} bytes",
               options.images, options.data_bytes);
  const auto images = static_cast<uint64_t>(std::max<int64_t>(options.images, 256));
  slots = std::min(std::bit_ceil(2 * images), kMostSlots);
  data_begin = kHeaderBytes + whole_pages(slots * sizeof(Slot));
  data_end = data_begin + whole_pages(static_cast<uint64_t>(options.data_bytes));
}

int SharedPixels::open_or_make(const fs::path& path, const Layout& layout) {
  // A turn fails where another process removed the file between two of these calls.
  for (int turn = 0; turn < 100; ++turn) {
    Descriptor file(open_retrying(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600));
    if (file.get() < 0) fail(path, "open");
    struct stat info;
    if (::fstat(file.get(), &info) != 0) fail(path, "read");
    if (!S_ISREG(info.st_mode) || info.st_uid != ::geteuid())
      throw FileError(
          fmt::format("{}: expected a regular file of this user.", shown(path.string())));
    refuse_network(file.get(), path);
    if (!lock_byte(file.get(), F_WRLCK, kMakingByte, true)) fail(path, "lock");
    if (!is_same_file(file.get(), path)) continue;
    if (!is_whole(file.get(), layout)) {
      // Whoever has a damaged one open keeps what it mapped; the name gets a new file.
      if (info.st_size > 0 && !lock_byte(file.get(), F_WRLCK, kOpenByte, false)) {
        ::unlink(path.c_str());
        continue;
      }
      make(file.get(), path, layout);
    }
    if (!lock_byte(file.get(), F_RDLCK, kOpenByte, true)) fail(path, "lock");
    ::futimens(file.get(), nullptr);  // last used now
    lock_byte(file.get(), F_UNLCK, kMakingByte, false);
    return file.release();
  }
  throw FileError(
      fmt::format("{}: cannot open: it is removed again and again.", shown(path.string())));
}

bool is_in_use(const fs::path& path) {
  const Descriptor file(open_retrying(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK));
  if (file.get() < 0) return false;
  return !lock_byte(file.get(), F_WRLCK, kOpenByte, false);
}

int64_t remove_unused_pixels(const fs::path& folder, int64_t keep_bytes) {
  struct Unused {
    fs::path path;
    int64_t bytes;
    timespec used;
  };
  std::vector<Unused> unused;
  int64_t total = 0;
  std::error_code error;  // a folder that cannot be listed has nothing to remove
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    struct stat info;
    if (entry.path().extension() != kPixelsEnding || ::lstat(entry.path().c_str(), &info) != 0 ||
        !S_ISREG(info.st_mode) || is_in_use(entry.path()))
      continue;
    unused.push_back({entry.path(), info.st_blocks * int64_t{512}, info.st_mtim});
    total += unused.back().bytes;
  }
  std::ranges::sort(unused, {}, [](const Unused& file) {
    return std::pair(file.used.tv_sec, file.used.tv_nsec);
  });
  int64_t removed = 0;
  for (const Unused& old : unused) {
    if (total - removed <= keep_bytes) break;
    const Descriptor file(open_retrying(old.path, O_RDWR | O_NOFOLLOW | O_NONBLOCK));
    if (file.get() < 0 || !lock_byte(file.get(), F_WRLCK, kMakingByte, false) ||
        !lock_byte(file.get(), F_WRLCK, kOpenByte, false))
      continue;
    if (is_same_file(file.get(), old.path) && ::unlink(old.path.c_str()) == 0) removed += old.bytes;
  }
  return removed;
}

}  // namespace stoker::data
