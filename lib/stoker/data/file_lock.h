// Locks on single bytes of a file, held by an open file until it gives them back or its process
// ends: the system's F_OFD_ locks. Threads that share a descriptor share its locks.
#pragma once

#include <fcntl.h>

#include <cerrno>
#include <cstdint>

namespace stoker::data {

// type: F_RDLCK, F_WRLCK or F_UNLCK. False where another holds it and `waits` is false, or where
// the system refuses (errno).
inline bool lock_byte(int fd, short type, uint64_t byte, bool waits) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(byte);
  lock.l_len = 1;
  int result;
  do {
    result = ::fcntl(fd, waits ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

}  // namespace stoker::data
