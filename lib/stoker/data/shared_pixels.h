// A file of decoded images that the processes of a machine map and fill together, so that each
// image is decoded once for all of them.
//
//   SharedPixels store("decoded/3f9a….pixels", {.images = 50'000, .data_bytes = limit});
//   const StoredPixels* stored = store.find_or_fill(pixel_key(bytes), [&] { return decode(…); });
//   if (stored != nullptr) use(stored->view());   // holds as long as the store
//
// Images are found by a checksum of what they are decoded from, never by a name: one that changed
// is another one. The file is a header, a table of slots and the pixels, sparse until it is filled.
//
//   header    what the file is; where free space begins
//   slots     open addressing by key: key, checksum of the pixels, and their place, written last
//   pixels    size and rows of an image, one after the other
//
// Whoever fills a slot holds a lock of the system's on its byte of the file (F_OFD_SETLK), which
// ends with the process; others wait for it, a second at most. A process that is killed at any
// moment leaves an empty slot and at the worst the space of one image unused. Pixels are held
// against their checksum when a process first sees them, so what a power cut took counts as not
// there.
//
// Pixels are written by pwrite, so a full disk is an error and no SIGBUS. Needs a local file
// system; opening refuses a network's. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>

#include "stoker/core/descriptor.h"
#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/kernels/image.h"

namespace stoker::data {

struct PixelKey {
  uint64_t low = 0, high = 0;
  bool operator==(const PixelKey&) const = default;
};
// Of the bytes of an image file, or of words that say all that computed pixels depend on.
PixelKey pixel_key(Bytes bytes);

// As it lies in the file; the rows follow.
struct StoredPixels {
  int32_t width, height, channels, unused;
  const uint8_t* pixels() const { return reinterpret_cast<const uint8_t*>(this + 1); }
  int64_t bytes() const { return int64_t{width} * height * channels; }
  kernels::ImageView view() const {
    return {pixels(), width, height, channels, int64_t{width} * channels};
  }
};

// The file cannot take what is given to it: the disk is full.
class StoreError : public FileError {
 public:
  using FileError::FileError;
};

struct SharedPixelsOptions {
  int64_t images = 0;      // that may come, about: the table has twice as many slots
  int64_t data_bytes = 0;  // for their pixels
};

class SharedPixels {
 public:
  // Opens the file, or makes it where there is none or one that is damaged or was made with other
  // options. Its folder must be there. Throws FileError.
  SharedPixels(const std::filesystem::path& path, const SharedPixelsOptions& options);
  ~SharedPixels();

  // Null where there is none.
  const StoredPixels* find(const PixelKey& key) const;
  // The same, or what `decode` gives, stored. Null when there is no room, or when another process
  // has the slot for longer than a second. `decode` is called at most once; what it throws is
  // thrown. Throws StoreError.
  const StoredPixels* find_or_fill(const PixelKey& key,
                                   const std::function<kernels::ImageView()>& decode);
  // No image has fitted for a while: not worth decoding for.
  bool is_full() const;
  // By all processes, since the file was made.
  int64_t filled() const;

  struct Header;
  struct Slot;
  struct Layout;

 private:
  class SlotLock;
  enum class Look { kHere, kOther, kEmpty };

  // Of a file that is there, whole and locked as in use.
  static int open_or_make(const std::filesystem::path& path, const Layout& layout);
  Look look(uint64_t at, const PixelKey& key, const StoredPixels** stored) const;
  const StoredPixels* fill(uint64_t at, const PixelKey& key, const kernels::ImageView& image);

  std::filesystem::path path_;
  Descriptor file_;
  size_t head_bytes_ = 0, whole_bytes_ = 0;
  Header* header_ = nullptr;  // with the slots, writable
  Slot* slots_ = nullptr;
  const std::byte* whole_ = nullptr;    // the file, read-only
  std::array<std::mutex, 64> fillers_;  // between threads of this process, whom the lock is one
};

}  // namespace stoker::data
