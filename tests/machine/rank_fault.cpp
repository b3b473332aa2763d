// Does to one rank of a training what clusters do to them, at a moment of its choice.
//
//   LD_PRELOAD=…/librank_fault.so NVTX_INJECTION64_PATH=…/librank_fault.so
//   STOKER_FAULT="1 kill backward 3"     # rank, what, stage, and at which of its ranges
//
// stage: a name of core/trace.h, whose ranges NVTX tells of; or "init": when ranks have met and are
// about to be connected. what: kill, stop, exit (with 3), memory (allocations fail), nan (the
// blocks of STOKER_FAULT_BYTES bytes, as weights have them, become NaN), disk (writes to files
// fail). memory and disk last from then on.
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "nvtx_injection.h"

extern "C" void* __libc_memalign(size_t alignment, size_t size);
extern "C" void __libc_free(void* block);

namespace {

enum class What { kNothing, kKill, kStop, kExit, kMemory, kNan, kDisk };

struct Fault {
  What what = What::kNothing;
  std::array<char, 32> stage{};
  int count = 0;
  size_t bytes = 0;  // of blocks that become NaN
};

std::atomic<int> seen{0};
std::atomic<bool> is_disk_full{false}, spoils_weights{false};
thread_local bool fails_next = false;

What what_of(const char* word) {
  constexpr std::array kWords{"kill", "stop", "exit", "memory", "nan", "disk"};
  for (size_t i = 0; i < kWords.size(); ++i)
    if (std::strcmp(word, kWords[i]) == 0) return static_cast<What>(i + 1);
  return What::kNothing;
}

Fault read_fault() {
  Fault fault;
  const char* text = std::getenv("STOKER_FAULT");
  const char* rank = std::getenv("RANK");
  if (text == nullptr || rank == nullptr) return fault;
  int victim = -1;
  std::array<char, 32> what{};
  if (std::sscanf(text, "%d %31s %31s %d", &victim, what.data(), fault.stage.data(),
                  &fault.count) != 4 ||
      victim != std::atoi(rank)) {
    return fault;
  }
  fault.what = what_of(what.data());
  const char* bytes = std::getenv("STOKER_FAULT_BYTES");
  fault.bytes = bytes != nullptr ? static_cast<size_t>(std::atoll(bytes)) : 0;
  return fault;
}

Fault present;  // nothing until this library's beginning
const Fault& fault() { return present; }
__attribute__((constructor)) void begin() { present = read_fault(); }

// Blocks in use of the size that becomes NaN.
class Blocks {
 public:
  void add(void* block) {
    for (auto& place : places_) {
      void* none = nullptr;
      if (place.compare_exchange_strong(none, block)) return;
    }
  }
  void remove(void* block) {
    for (auto& place : places_) {
      void* found = block;
      if (place.compare_exchange_strong(found, nullptr)) return;
    }
  }
  void spoil(size_t bytes) {
    for (auto& place : places_)
      if (void* block = place.load()) std::memset(block, 0xFF, bytes);
  }

 private:
  std::array<std::atomic<void*>, 64> places_{};
};
Blocks blocks;

void act() {
  switch (fault().what) {
    case What::kKill:
      ::kill(::getpid(), SIGKILL);
      break;
    case What::kStop:
      ::kill(::getpid(), SIGSTOP);
      break;
    case What::kExit:
      ::_exit(3);
    case What::kMemory:
      fails_next = true;
      break;
    case What::kNan:
      spoils_weights = true;
      blocks.spoil(fault().bytes);
      break;
    case What::kDisk:
      is_disk_full = true;
      break;
    case What::kNothing:
      break;
  }
}

void reach(const char* stage) {
  if (fault().what == What::kNothing || std::strcmp(stage, fault().stage.data()) != 0) return;
  const int count = ++seen;
  const bool lasts = fault().what == What::kMemory;
  if (count == fault().count || (lasts && count > fault().count)) act();
}

int NVTX_API push(const char* name) {
  reach(name);
  return 0;
}
int NVTX_API pop() { return 0; }

bool is_to_fail(size_t bytes) {
  constexpr size_t kOfTensors = 512;
  if (!fails_next || bytes < kOfTensors) return false;
  fails_next = false;
  return true;
}

bool is_refused(int descriptor) {
  struct stat status {};
  if (!is_disk_full || ::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return false;
  errno = ENOSPC;
  return true;
}

}  // namespace

extern "C" {

int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get_export_table) {
  return stoker::test::hear_ranges(get_export_table, push, pop);
}

int sched_setaffinity(pid_t process, size_t size, const cpu_set_t* set) noexcept {
  const long done = ::syscall(SYS_sched_setaffinity, process, size, set);
  reach("init");
  return done < 0 ? -1 : 0;
}

int posix_memalign(void** block, size_t alignment, size_t bytes) noexcept {
  if (is_to_fail(bytes)) return ENOMEM;
  *block = __libc_memalign(alignment, bytes);
  if (*block == nullptr) return ENOMEM;
  if (bytes == fault().bytes && bytes > 0) {
    const bool is_of_init = std::strcmp(fault().stage.data(), "init") == 0;
    if (spoils_weights && is_of_init) blocks.spoil(bytes);
    blocks.add(*block);
  }
  return 0;
}

void free(void* block) noexcept {
  if (block != nullptr && fault().bytes > 0) blocks.remove(block);
  __libc_free(block);
}

ssize_t write(int descriptor, const void* data, size_t bytes) {
  if (is_refused(descriptor)) return -1;
  return ::syscall(SYS_write, descriptor, data, bytes);
}

ssize_t pwrite(int descriptor, const void* data, size_t bytes, off_t at) {
  if (is_refused(descriptor)) return -1;
  return ::syscall(SYS_pwrite64, descriptor, data, bytes, at);
}

ssize_t writev(int descriptor, const struct iovec* parts, int count) {
  if (is_refused(descriptor)) return -1;
  return ::syscall(SYS_writev, descriptor, parts, count);
}

}  // extern "C"
