#include "stoker/data/cached.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>

#include "stoker/core/error.h"
#include "stoker/data/decoder_pool.h"
#include "stoker/data/decorator.h"

namespace stoker::data {
namespace {

// Size and pixels in one block, so that a slot is one pointer.
struct Kept {
  int32_t width, height, channels;

  static void free(Kept* kept) { ::operator delete(kept); }

  uint8_t* pixels() { return reinterpret_cast<uint8_t*>(this + 1); }
  kernels::ImageView view() {
    return {pixels(), width, height, channels, int64_t{width} * channels};
  }
};

class Cached : public Decorator {
 public:
  Cached(std::shared_ptr<const Dataset> dataset, const decode::DecodeLimits& limits,
         int64_t limit_bytes, int64_t estimate_bytes)
      : Decorator(std::move(dataset)),
        decoders_(limits),
        estimate_bytes_(estimate_bytes),
        limit_bytes_(limit_bytes),
        left_bytes_(limit_bytes),
        slots_(static_cast<size_t>(size())) {}
  ~Cached() override {
    for (const std::atomic<Kept*>& slot : slots_) ::operator delete(slot.load());
  }
  int64_t kept_bytes_estimate() const override { return std::min(estimate_bytes_, limit_bytes_); }
  Cached(const Cached&) = delete;
  Cached& operator=(const Cached&) = delete;

  Record get(int64_t index, std::vector<std::byte>& scratch) const override {
    std::atomic<Kept*>& slot = slots_[static_cast<size_t>(index)];
    if (Kept* kept = slot.load(std::memory_order_acquire)) return {.pixels = kept->view()};
    Record record = inner().get(index, scratch);
    if (left_bytes_.load(std::memory_order_relaxed) <= 0) return record;
    if (record.is_decoded()) {
      if (Kept* kept = keep(index, record.pixels)) return {.pixels = kept->view()};
      return record;
    }
    const DecoderPool::Use bench(decoders_);
    const auto start = std::chrono::steady_clock::now();
    const kernels::ImageView image =
        bench->decoder.decode(record.encoded, name(index), bench->pixels);
    Kept* kept = keep(index, image);
    const auto took = std::chrono::steady_clock::now() - start;
    record.decode_ns = std::chrono::nanoseconds(took).count();
    if (kept == nullptr) return record;
    return {.pixels = kept->view(), .decode_ns = record.decode_ns};
  }
  // What is kept was confirmed before.
  void confirm(int64_t index) const override {
    if (slots_[static_cast<size_t>(index)].load(std::memory_order_relaxed) == nullptr)
      inner().confirm(index);
  }

 private:
  // Null when the limit is reached.
  Kept* keep(int64_t index, const kernels::ImageView& image) const {
    const auto row_bytes = static_cast<size_t>(image.width) * static_cast<size_t>(image.channels);
    const size_t bytes = sizeof(Kept) + row_bytes * static_cast<size_t>(image.height);
    const auto signed_bytes = static_cast<int64_t>(bytes);
    if (left_bytes_.fetch_sub(signed_bytes) < signed_bytes) {
      left_bytes_.fetch_add(signed_bytes);
      return nullptr;
    }
    std::unique_ptr<Kept, void (*)(Kept*)> kept(
        new (::operator new(bytes)) Kept{image.width, image.height, image.channels}, &Kept::free);
    for (int32_t y = 0; y < image.height; ++y)
      std::memcpy(kept->pixels() + static_cast<size_t>(y) * row_bytes,
                  image.pixels + y * image.row_bytes, row_bytes);
    try {
      inner().confirm(index);
    } catch (...) {
      left_bytes_.fetch_add(signed_bytes);
      throw;
    }
    Kept* present = nullptr;
    if (slots_[static_cast<size_t>(index)].compare_exchange_strong(present, kept.get(),
                                                                   std::memory_order_acq_rel))
      return kept.release();
    left_bytes_.fetch_add(signed_bytes);  // another thread was first
    return present;
  }

  mutable DecoderPool decoders_;
  int64_t estimate_bytes_;
  int64_t limit_bytes_;
  mutable std::atomic<int64_t> left_bytes_;
  mutable std::vector<std::atomic<Kept*>> slots_;
};

}  // namespace

std::shared_ptr<const Dataset> keep_decoded(std::shared_ptr<const Dataset> dataset,
                                            const decode::DecodeLimits& limits, int64_t limit_bytes,
                                            int64_t estimate_bytes) {
  return std::make_shared<Cached>(std::move(dataset), limits, limit_bytes, estimate_bytes);
}

int64_t decoded_bytes_estimate(const Dataset& dataset, const decode::DecodeLimits& limits,
                               int64_t samples) {
  const int64_t size = dataset.size();
  const int64_t count = std::min(size, samples);
  decode::Decoder decoder(limits);
  std::vector<std::byte> scratch;
  double bytes = 0;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t index = i * size / count;
    try {
      const Record record = dataset.get(index, scratch);
      if (record.is_decoded()) {
        bytes += static_cast<double>(record.pixels.row_bytes) * record.pixels.height;
        continue;
      }
      const decode::ImageInfo info = decoder.probe(record.encoded, dataset.name(index));
      bytes += static_cast<double>(info.width) * info.height * info.channels;
    } catch (const DataError&) {
      continue;  // whoever trains on it is told then
    }
  }
  return count == 0 ? 0 : static_cast<int64_t>(bytes * static_cast<double>(size) / count);
}

}  // namespace stoker::data
