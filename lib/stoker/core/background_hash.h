// SHA-256 on a thread of its own, so that a file's bytes are hashed while they are written.
//
//   BackgroundSha256 hash;
//   hash.update(bytes, owner);   // returns at once, or when earlier pieces are done with
//   hash.hex();                  // waits for the rest
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "stoker/core/hash.h"

namespace stoker {

class BackgroundSha256 {
 public:
  // Where no thread can be had, update() does the work.
  BackgroundSha256();
  ~BackgroundSha256();
  BackgroundSha256(const BackgroundSha256&) = delete;
  BackgroundSha256& operator=(const BackgroundSha256&) = delete;

  // `owner` keeps the bytes alive until they are hashed; null where they outlive this object.
  // Waits while more than kMostPendingBytes are left over from before.
  void update(Bytes bytes, std::shared_ptr<const void> owner = nullptr);
  // 64 lower-case hexadecimal digits. The object may not be used afterwards.
  std::string hex();

  static constexpr size_t kMostPendingBytes = size_t{32} << 20;

 private:
  struct Piece {
    Bytes bytes;
    std::shared_ptr<const void> owner;
  };
  void run();
  void finish();

  Sha256 hash_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> pieces_;
  size_t pending_bytes_ = 0;  // of the piece at work too
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace stoker
