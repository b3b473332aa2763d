// How fast a disk writes and reads, measured on a small file.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "stoker/core/clock.h"
#include "stoker/monitor/system_facts.h"

namespace stoker::monitor {

namespace {

constexpr size_t kBlock = size_t{1} << 20;  // a MiB, which is aligned for O_DIRECT
constexpr double kMost_s = 1;               // of writing, and of reading

struct Freed {
  void operator()(void* memory) const { std::free(memory); }
};
using Block = std::unique_ptr<char, Freed>;

// Bytes that no file system or disk makes smaller.
Block random_block() {
  Block block(static_cast<char*>(std::aligned_alloc(4096, kBlock)));
  uint64_t state = 0x9E3779B97F4A7C15;
  for (size_t i = 0; block != nullptr && i < kBlock; i += sizeof(state)) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    std::memcpy(block.get() + i, &state, sizeof(state));
  }
  return block;
}

std::string reason() { return std::error_code(errno, std::generic_category()).message(); }

// MiB that were written; -1 where none could be.
int64_t write_blocks(int file, const char* block, int64_t mib, const Stopwatch& watch) {
  int64_t done = 0;
  for (; done < mib && watch.elapsed_s() < kMost_s; ++done) {
    if (::write(file, block, kBlock) != static_cast<ssize_t>(kBlock)) return done > 0 ? done : -1;
  }
  return ::fsync(file) == 0 ? done : -1;
}

void measure_reading(const std::string& path, char* block, int64_t mib, DiskFacts& facts) {
  const int file = ::open(path.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC);
  if (file < 0) {
    facts.why_not = "reading past the page cache is not offered here: " + reason();
    return;
  }
  const Stopwatch watch;
  int64_t done = 0;
  while (done < mib && watch.elapsed_s() < kMost_s &&
         ::read(file, block, kBlock) == static_cast<ssize_t>(kBlock)) {
    ++done;
  }
  if (done > 0) {
    facts.read_mib_s = static_cast<double>(done) / watch.elapsed_s();
  } else {
    facts.why_not = "nothing could be read back: " + reason();
  }
  ::close(file);
}

// Itself, or the nearest above it that is there.
std::filesystem::path nearest_folder(std::filesystem::path folder) {
  std::error_code none;
  while (!std::filesystem::is_directory(folder, none)) {
    std::filesystem::path above = folder.parent_path();
    if (above == folder || above.empty()) return folder.is_absolute() ? folder : ".";
    folder = std::move(above);
  }
  return folder;
}

}  // namespace

DiskFacts measure_disk(const std::filesystem::path& asked, int64_t mib) {
  const std::filesystem::path folder = nearest_folder(asked);
  DiskFacts facts{.folder = folder};
  struct statvfs space {};
  if (::statvfs(folder.c_str(), &space) == 0)
    facts.free_bytes = static_cast<int64_t>(space.f_frsize * space.f_bavail);
  if (mib <= 0) {
    facts.why_not = "not asked for";
    return facts;
  }
  std::string path = (folder / ".stoker-disk-XXXXXX").string();
  const int file = ::mkostemp(path.data(), O_CLOEXEC);
  const Block block = random_block();
  if (file < 0 || block == nullptr) {
    facts.why_not = fmt::format("no file can be written in {}: {}", folder.string(), reason());
    facts.is_barred = true;
    return facts;
  }
  const Stopwatch watch;
  const int64_t written = write_blocks(file, block.get(), mib, watch);
  const double took_s = watch.elapsed_s();
  if (written > 0) {
    facts.write_mib_s = static_cast<double>(written) / took_s;
  } else {
    facts.why_not = fmt::format("no file can be written in {}: {}", folder.string(), reason());
    facts.is_barred = true;
  }
  ::close(file);
  if (written > 0) measure_reading(path, block.get(), written, facts);
  ::unlink(path.c_str());
  return facts;
}

}  // namespace stoker::monitor
