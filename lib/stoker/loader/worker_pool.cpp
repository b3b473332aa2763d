#include "stoker/loader/worker_pool.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "stoker/core/error.h"

namespace stoker::loader {

WorkerPool& WorkerPool::of_process() {
  static std::mutex mutex;
  static WorkerPool* pool = nullptr;
  static pid_t owner = 0;
  const std::lock_guard lock(mutex);
  // Never destroyed: a process that exits in the middle of something waits for no thread. After
  // fork() the threads are the parent's, and the child begins its own.
  if (owner != ::getpid()) pool = new WorkerPool;
  owner = ::getpid();
  return *pool;
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::attach(Client& client, int most_threads) {
  STOKER_CHECK(most_threads > 0, "most_threads={}", most_threads);
  auto seat = std::make_shared<Seat>();
  seat->client = &client;
  for (int slot = most_threads; slot-- > 0;) seat->free_slots.push_back(slot);
  const std::lock_guard lock(mutex_);
  while (std::ssize(threads_) < most_threads) threads_.emplace_back([this] { run(); });
  seats_.push_back(std::move(seat));
  work_.notify_all();
}

void WorkerPool::detach(Client& client) {
  std::unique_lock lock(mutex_);
  const std::shared_ptr<Seat> seat = seat_of(client);
  STOKER_CHECK(seat != nullptr, "a client that is not attached");
  std::erase(seats_, seat);
  left_.wait(lock, [&] { return seat->working == 0; });
}

void WorkerPool::notify(Client& client) {
  {
    const std::lock_guard lock(mutex_);
    const std::shared_ptr<Seat> seat = seat_of(client);
    if (!seat) return;
    ++seat->events;
  }
  work_.notify_all();
}

int WorkerPool::threads() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(threads_.size());
}

std::shared_ptr<WorkerPool::Seat> WorkerPool::seat_of(const Client& client) const {
  const auto found = std::ranges::find_if(
      seats_, [&](const std::shared_ptr<Seat>& seat) { return seat->client == &client; });
  return found != seats_.end() ? *found : nullptr;
}

std::shared_ptr<WorkerPool::Seat> WorkerPool::next_seat() {
  for (size_t i = 0; i < seats_.size(); ++i) {
    const std::shared_ptr<Seat>& seat = seats_[(turn_ + i) % seats_.size()];
    if (!seat->may_have_work()) continue;
    turn_ = (turn_ + i + 1) % seats_.size();
    return seat;
  }
  return nullptr;
}

void WorkerPool::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const std::shared_ptr<Seat> seat = next_seat();
    if (!seat) {
      work_.wait(lock);
      continue;
    }
    const int slot = seat->free_slots.back();
    seat->free_slots.pop_back();
    ++seat->working;
    const uint64_t seen = seat->events;
    lock.unlock();
    const bool worked = seat->client->work_once(slot);
    lock.lock();
    if (!worked) seat->events_without_work = seen;
    seat->free_slots.push_back(slot);
    if (--seat->working == 0) left_.notify_all();
  }
}

}  // namespace stoker::loader
