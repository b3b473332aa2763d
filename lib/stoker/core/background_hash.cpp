#include "stoker/core/background_hash.h"

#include <system_error>
#include <utility>

namespace stoker {

BackgroundSha256::BackgroundSha256() {
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {  // a limit on threads
  }
}

BackgroundSha256::~BackgroundSha256() {
  {
    const std::lock_guard lock(mutex_);
    pieces_.clear();
  }
  finish();
}

void BackgroundSha256::update(Bytes bytes, std::shared_ptr<const void> owner) {
  if (!thread_.joinable()) return hash_.update(bytes);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return pending_bytes_ <= kMostPendingBytes; });
  pending_bytes_ += bytes.size();
  pieces_.push_back({bytes, std::move(owner)});
  changed_.notify_all();
}

std::string BackgroundSha256::hex() {
  finish();
  return hash_.hex();
}

void BackgroundSha256::finish() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void BackgroundSha256::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ended_ || !pieces_.empty(); });
    if (pieces_.empty()) return;
    Piece piece = std::move(pieces_.front());
    pieces_.pop_front();
    lock.unlock();
    hash_.update(piece.bytes);
    piece.owner.reset();
    lock.lock();
    pending_bytes_ -= piece.bytes.size();
    changed_.notify_all();
  }
}

}  // namespace stoker
