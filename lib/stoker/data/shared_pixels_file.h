// The file below SharedPixels: its layout, how it is made by one process of several, and how old
// ones are removed.
#pragma once

#include <cstdint>
#include <filesystem>

#include "stoker/data/shared_pixels.h"

namespace stoker::data {

struct SharedPixels::Header {
  uint64_t magic;
  uint64_t slots, data_begin, data_end;
  uint64_t next;     // where free space begins
  uint64_t filled;   // slots, by all processes
  uint64_t is_full;  // something did not fit
};

// All zeros: empty.
struct SharedPixels::Slot {
  uint64_t place;  // of its StoredPixels in the file, written last; 0: empty
  PixelKey key;
  uint64_t checksum;
};

struct SharedPixels::Layout {
  uint64_t slots, data_begin, data_end;
  explicit Layout(const SharedPixelsOptions& options);
};

// The byte of the file that a slot's lock is on; those before are of the file as a whole.
inline constexpr uint64_t kFirstSlotByte = 4096;

// Whether a process has this file of SharedPixels open.
bool is_in_use(const std::filesystem::path& path);

// Removes files of SharedPixels in the folder that no process has open, the longest unused first,
// until the rest take at most `keep_bytes` of the disk. Returns the bytes that this gave back.
int64_t remove_unused_pixels(const std::filesystem::path& folder, int64_t keep_bytes);

inline constexpr const char* kPixelsEnding = ".pixels";

}  // namespace stoker::data
