#include "stoker/core/bus_error.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "stoker/core/error.h"

namespace stoker {
namespace {

// Everything below runs inside a signal handler: no allocation, no locks, no stdio.
constexpr size_t kLongestLine = 4096 + 128;  // of /proc/self/maps: PATH_MAX and the fields before

struct Line {
  char text[kLongestLine] = {};
  size_t length = 0;
};

// Reads the hexadecimal number that begins at `at`, and moves behind it.
uintptr_t hexadecimal(const Line& line, size_t& at) {
  uintptr_t value = 0;
  for (; at < line.length; ++at) {
    const char c = line.text[at];
    if (c >= '0' && c <= '9')
      value = value << 4 | static_cast<uintptr_t>(c - '0');
    else if (c >= 'a' && c <= 'f')
      value = value << 4 | static_cast<uintptr_t>(c - 'a' + 10);
    else
      break;
  }
  return value;
}

// "7f12a000-7f12f000 r--p 00000000 08:01 1234   /data/train.bin": whether it holds the address.
bool holds(const Line& line, uintptr_t address) {
  size_t at = 0;
  const uintptr_t begin = hexadecimal(line, at);
  const uintptr_t end = hexadecimal(line, ++at);
  return begin <= address && address < end;
}

// The line of the map that holds the address; false where none does.
bool find_map(uintptr_t address, Line& line) {
  const int file = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  char piece[1024];
  bool found = false;
  for (ssize_t got = 0; !found && (got = ::read(file, piece, sizeof piece)) > 0;) {
    for (ssize_t i = 0; i < got && !found; ++i) {
      if (piece[i] != '\n') {
        if (line.length < kLongestLine) line.text[line.length++] = piece[i];
        continue;
      }
      found = holds(line, address);
      if (!found) line.length = 0;
    }
  }
  ::close(file);
  return found;
}

void say(const char* text, size_t length) {
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, text, length);
}
void say(const char* text) { say(text, std::strlen(text)); }

void on_bus_error(int signal, siginfo_t* info, void*) {
  // Other threads may meet the same cut; the first one ends the process.
  static std::atomic_flag is_reported;
  while (is_reported.test_and_set()) ::pause();
  static Line line;  // too large for a small stack
  line.length = 0;
  const bool is_map = find_map(reinterpret_cast<uintptr_t>(info->si_addr), line);
  const void* path = is_map ? std::memchr(line.text, '/', line.length) : nullptr;
  if (path == nullptr) {
    ::signal(signal, SIG_DFL);  // the instruction runs again, and now ends the process
    return;
  }
  say("stoker: file: ");
  say(static_cast<const char*>(path),
      line.length - static_cast<size_t>(static_cast<const char*>(path) - line.text));
  say(": cannot be read any more: the file was cut short while it was in use, or its disk "
      "fails. Replace files by renaming new ones onto them, not by writing into them.\n");
  ::_exit(static_cast<int>(ExitCode::kData));
}

}  // namespace

void install_bus_error_handler() {
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace stoker
