#include "stoker/data/shared_pixels.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstring>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "stoker/core/checksum.h"
#include "stoker/core/error.h"
#include "stoker/data/file_lock.h"
#include "stoker/data/shared_pixels_file.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kAlign = 64;
constexpr int kMostProbes = 64;
constexpr auto kPatience = std::chrono::seconds(1);

static_assert(std::atomic_ref<uint64_t>::is_always_lock_free, "processes share the counters");

std::atomic_ref<uint64_t> atomic(const uint64_t& value) {
  return std::atomic_ref<uint64_t>(const_cast<uint64_t&>(value));
}

PixelKey words_of(const std::string& hex) {
  PixelKey key;
  std::from_chars(hex.data(), hex.data() + 16, key.high, 16);
  std::from_chars(hex.data() + 16, hex.data() + 32, key.low, 16);
  return key;
}

// Of the pixels as they are stored, and of what they are stored for.
uint64_t checksum_of(const PixelKey& key, Bytes stored) {
  Checksum sum;
  sum.update(std::as_bytes(std::span(&key, 1)));
  sum.update(stored);
  return words_of(sum.hex()).low;
}

[[noreturn]] void refuse(const fs::path& path, std::string_view what) {
  const std::error_code reason(errno, std::generic_category());
  throw StoreError(fmt::format("{}: cannot {} it: {}.", path.string(), what, reason.message()));
}

void write_at(int fd, Bytes bytes, uint64_t at, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) refuse(path, "write to");
    bytes = bytes.subspan(static_cast<size_t>(written));
    at += static_cast<uint64_t>(written);
  }
}

void* map(int fd, size_t bytes, int protection, const fs::path& path) {
  void* data = ::mmap(nullptr, bytes, protection, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) fail(path, "map into memory");
  return data;
}

std::vector<std::byte> as_stored(const kernels::ImageView& image) {
  const StoredPixels size{image.width, image.height, image.channels, 0};
  const auto row_bytes = static_cast<size_t>(image.width) * static_cast<size_t>(image.channels);
  std::vector<std::byte> stored(sizeof(size) + static_cast<size_t>(size.bytes()));
  std::memcpy(stored.data(), &size, sizeof(size));
  for (int32_t y = 0; y < image.height; ++y)
    std::memcpy(stored.data() + sizeof(size) + static_cast<size_t>(y) * row_bytes,
                image.pixels + y * image.row_bytes, row_bytes);
  return stored;
}

}  // namespace

PixelKey pixel_key(Bytes bytes) { return words_of(checksum_hex(bytes)); }

// For one thread of one process; is_held() is false when it was not had in time.
class SharedPixels::SlotLock {
 public:
  SlotLock(SharedPixels& store, uint64_t slot)
      : in_process_(store.fillers_[slot % store.fillers_.size()]),
        fd_(store.file_.get()),
        byte_(kFirstSlotByte + slot) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    auto pause = std::chrono::microseconds(50);
    while (!(is_held_ = lock_byte(fd_, F_WRLCK, byte_, false))) {
      if (errno != EAGAIN && errno != EACCES) refuse(store.path_, "lock a part of");
      if (std::chrono::steady_clock::now() > end) return;
      std::this_thread::sleep_for(pause);
      pause = std::min(pause * 2, std::chrono::microseconds(1000));
    }
  }
  ~SlotLock() {
    if (is_held_) lock_byte(fd_, F_UNLCK, byte_, false);
  }
  SlotLock(const SlotLock&) = delete;
  SlotLock& operator=(const SlotLock&) = delete;
  bool is_held() const { return is_held_; }

 private:
  std::lock_guard<std::mutex> in_process_;
  int fd_;
  uint64_t byte_;
  bool is_held_ = false;
};

SharedPixels::SharedPixels(const fs::path& path, const SharedPixelsOptions& options)
    : path_(path),
      file_(open_or_make(path, Layout(options))),
      head_bytes_(Layout(options).data_begin),
      whole_bytes_(Layout(options).data_end) {
  header_ = static_cast<Header*>(map(file_.get(), head_bytes_, PROT_READ | PROT_WRITE, path));
  slots_ = reinterpret_cast<Slot*>(reinterpret_cast<std::byte*>(header_) + kFirstSlotByte);
  try {
    whole_ = static_cast<const std::byte*>(map(file_.get(), whole_bytes_, PROT_READ, path));
  } catch (...) {
    ::munmap(header_, head_bytes_);
    throw;
  }
}

SharedPixels::~SharedPixels() {
  ::munmap(header_, head_bytes_);
  ::munmap(const_cast<std::byte*>(whole_), whole_bytes_);
}

bool SharedPixels::is_full() const {
  return atomic(header_->is_full).load(std::memory_order_relaxed) != 0;
}

int64_t SharedPixels::filled() const {
  return static_cast<int64_t>(atomic(header_->filled).load(std::memory_order_relaxed));
}

SharedPixels::Look SharedPixels::look(uint64_t at, const PixelKey& key,
                                      const StoredPixels** stored) const {
  const Slot& slot = slots_[at];
  const uint64_t place = atomic(slot.place).load(std::memory_order_acquire);
  if (place == 0) return Look::kEmpty;
  if (atomic(slot.key.low).load(std::memory_order_relaxed) != key.low ||
      atomic(slot.key.high).load(std::memory_order_relaxed) != key.high)
    return Look::kOther;
  // From here on all is checked: a file may have lost what was not on the disk.
  if (place < head_bytes_ || place % kAlign != 0 || place > whole_bytes_ - kAlign)
    return Look::kEmpty;
  const auto* pixels = reinterpret_cast<const StoredPixels*>(whole_ + place);
  const uint64_t room = whole_bytes_ - place - sizeof(StoredPixels);
  if (pixels->width < 1 || pixels->height < 1 || pixels->channels < 1 || pixels->channels > 4 ||
      static_cast<uint64_t>(pixels->width) * static_cast<uint64_t>(pixels->height) > room / 4 ||
      static_cast<uint64_t>(pixels->bytes()) > room)
    return Look::kEmpty;
  const size_t bytes = sizeof(StoredPixels) + static_cast<size_t>(pixels->bytes());
  const uint64_t checksum = atomic(slot.checksum).load(std::memory_order_relaxed);
  if (place + bytes > atomic(header_->next).load(std::memory_order_relaxed) ||
      checksum_of(key, {whole_ + place, bytes}) != checksum)
    return Look::kEmpty;
  *stored = pixels;
  return Look::kHere;
}

const StoredPixels* SharedPixels::find(const PixelKey& key) const {
  const StoredPixels* stored = nullptr;
  uint64_t at = key.low % header_->slots;
  for (int probe = 0; probe < kMostProbes; ++probe) {
    if (look(at, key, &stored) != Look::kOther) break;
    at = (at + 1) % header_->slots;
  }
  return stored;
}

const StoredPixels* SharedPixels::find_or_fill(const PixelKey& key,
                                               const std::function<kernels::ImageView()>& decode) {
  const StoredPixels* stored = nullptr;
  uint64_t at = key.low % header_->slots;
  for (int probe = 0; probe < kMostProbes; ++probe) {
    Look seen = look(at, key, &stored);
    if (seen == Look::kEmpty) {
      const SlotLock lock(*this, at);
      seen = look(at, key, &stored);  // who held the lock may have filled it
      if (seen == Look::kEmpty) return lock.is_held() ? fill(at, key, decode()) : nullptr;
    }
    if (seen == Look::kHere) return stored;
    at = (at + 1) % header_->slots;
  }
  atomic(header_->is_full).store(1, std::memory_order_relaxed);
  return nullptr;
}

const StoredPixels* SharedPixels::fill(uint64_t at, const PixelKey& key,
                                       const kernels::ImageView& image) {
  const std::vector<std::byte> stored = as_stored(image);
  const uint64_t bytes = (stored.size() + kAlign - 1) / kAlign * kAlign;
  // Not taken back when it does not fit: whoever comes next does not fit either.
  const uint64_t place = atomic(header_->next).fetch_add(bytes, std::memory_order_relaxed);
  if (place > whole_bytes_ || bytes > whole_bytes_ - place) {
    atomic(header_->is_full).store(1, std::memory_order_relaxed);
    return nullptr;
  }
  write_at(file_.get(), stored, place, path_);
  Slot& slot = slots_[at];
  atomic(slot.key.low).store(key.low, std::memory_order_relaxed);
  atomic(slot.key.high).store(key.high, std::memory_order_relaxed);
  atomic(slot.checksum).store(checksum_of(key, stored), std::memory_order_relaxed);
  atomic(slot.place).store(place, std::memory_order_release);
  atomic(header_->filled).fetch_add(1, std::memory_order_relaxed);
  return reinterpret_cast<const StoredPixels*>(whole_ + place);
}

}  // namespace stoker::data
