// Decoders with their buffers, each in use by one thread at a time.
//
//   DecoderPool pool(limits);
//   const DecoderPool::Use use(pool);
//   use->decoder.decode(bytes, name, use->pixels);
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "stoker/decode/decode.h"

namespace stoker::data {

class DecoderPool {
 public:
  explicit DecoderPool(const decode::DecodeLimits& limits) : limits_(limits) {}

  struct Bench {
    decode::Decoder decoder;
    std::vector<uint8_t> pixels;
  };

  // As long as it lives its bench is of nobody else.
  class Use {
   public:
    explicit Use(DecoderPool& pool) : pool_(pool), bench_(pool.take()) {}
    ~Use() { pool_.put_back(std::move(bench_)); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    Bench* operator->() const { return bench_.get(); }

   private:
    DecoderPool& pool_;
    std::unique_ptr<Bench> bench_;
  };

 private:
  std::unique_ptr<Bench> take() {
    const std::lock_guard lock(mutex_);
    if (spare_.empty()) return std::make_unique<Bench>(Bench{decode::Decoder(limits_), {}});
    std::unique_ptr<Bench> bench = std::move(spare_.back());
    spare_.pop_back();
    return bench;
  }
  void put_back(std::unique_ptr<Bench> bench) {
    const std::lock_guard lock(mutex_);
    spare_.push_back(std::move(bench));
  }

  decode::DecodeLimits limits_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Bench>> spare_;
};

}  // namespace stoker::data
