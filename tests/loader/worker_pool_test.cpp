#include "stoker/loader/worker_pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include "data/fake_dataset.h"
#include "stoker/core/error.h"
#include "stoker/loader/loader.h"
#include "support/catch.h"
#include "support/child.h"

using namespace stoker;
using loader::WorkerPool;

namespace {

// So many pieces of work, and notes on how they were done.
class Pieces : public WorkerPool::Client {
 public:
  explicit Pieces(int pieces, std::chrono::microseconds takes = {})
      : left_(pieces), takes_(takes) {}

  bool work_once(int slot) noexcept override {
    {
      const std::lock_guard lock(mutex_);
      if (left_ == 0) return false;
      --left_;
      slots_in_use_.insert(slot);
      most_at_once_ = std::max(most_at_once_, slots_in_use_.size());
      threads_.insert(std::this_thread::get_id());
    }
    std::this_thread::sleep_for(takes_);
    const std::lock_guard lock(mutex_);
    shared_slot_ = shared_slot_ || slots_in_use_.erase(slot) == 0;
    ++done_;
    return true;
  }

  void add(int pieces) {
    const std::lock_guard lock(mutex_);
    left_ += pieces;
  }
  int done() const {
    const std::lock_guard lock(mutex_);
    return done_;
  }
  void wait_for(int pieces) const {
    while (done() < pieces) std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  // After detach().
  size_t most_at_once() const { return most_at_once_; }
  bool a_slot_was_shared() const { return shared_slot_; }
  const std::set<std::thread::id>& threads() const { return threads_; }

 private:
  mutable std::mutex mutex_;
  int left_;
  int done_ = 0;
  std::chrono::microseconds takes_;
  std::set<int> slots_in_use_;
  std::set<std::thread::id> threads_;
  size_t most_at_once_ = 0;
  bool shared_slot_ = false;
};

loader::ChunkSource chunks(int64_t count, int64_t each) {
  return [=, first = int64_t{0}]() mutable -> std::optional<loader::Chunk> {
    if (first == count) return std::nullopt;
    const loader::Chunk chunk{.epoch = 0, .first = first, .count = std::min(each, count - first)};
    first += chunk.count;
    return chunk;
  };
}

}  // namespace

TEST_CASE("worker pool: work is done once each, by no more threads than the client wants") {
  WorkerPool pool;
  Pieces narrow(60, std::chrono::microseconds(300)), wide(90, std::chrono::microseconds(300));
  pool.attach(narrow, 2);
  pool.attach(wide, 5);
  CHECK(pool.threads() == 5);
  narrow.wait_for(60);
  wide.wait_for(90);
  pool.detach(narrow);
  pool.detach(wide);
  CHECK(narrow.done() == 60);
  CHECK(wide.done() == 90);
  CHECK(narrow.most_at_once() <= 2);
  CHECK_FALSE(narrow.a_slot_was_shared());
  CHECK_FALSE(wide.a_slot_was_shared());
}

TEST_CASE("worker pool: a client that had nothing is asked again after notify, and not before") {
  class Counted : public WorkerPool::Client {
   public:
    bool work_once(int) noexcept override {
      ++asked;
      return false;
    }
    std::atomic<int> asked{0};
  };
  WorkerPool pool;
  Counted idle;
  pool.attach(idle, 1);
  while (idle.asked == 0) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(idle.asked == 1);
  pool.notify(idle);
  while (idle.asked == 1) std::this_thread::yield();
  pool.detach(idle);
  CHECK(idle.asked == 2);
}

TEST_CASE("worker pool: no event is lost, whenever it comes") {
  WorkerPool pool;
  Pieces pieces(0);
  pool.attach(pieces, 3);
  for (int i = 1; i <= 2000; ++i) {
    pieces.add(1);
    pool.notify(pieces);
    if (i % 7 == 0) pieces.wait_for(i);
  }
  pieces.wait_for(2000);
  pool.detach(pieces);
  CHECK(pieces.done() == 2000);
}

TEST_CASE("worker pool: clients take turns") {
  WorkerPool pool;
  Pieces endless(1 << 30), short_one(50);
  pool.attach(endless, 1);
  endless.wait_for(1);
  pool.attach(short_one, 1);
  short_one.wait_for(50);  // hangs where the first keeps the only thread
  pool.detach(endless);
  pool.detach(short_one);
  CHECK(short_one.done() == 50);
}

TEST_CASE("worker pool: detach waits for the work in progress and ends the rest") {
  WorkerPool pool;
  Pieces slow(1000, std::chrono::milliseconds(5));
  pool.attach(slow, 2);
  slow.wait_for(1);
  pool.detach(slow);
  const int done = slow.done();
  std::this_thread::sleep_for(std::chrono::milliseconds(15));
  CHECK(slow.done() == done);
  CHECK(done < 1000);
}

TEST_CASE("worker pool: what a client says while it is detached is no error") {
  class Talking : public WorkerPool::Client {
   public:
    explicit Talking(WorkerPool& pool) : pool_(pool) {}
    bool work_once(int) noexcept override {
      inside = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      pool_.notify(*this);
      return true;
    }
    std::atomic<bool> inside{false};

   private:
    WorkerPool& pool_;
  };
  WorkerPool pool;
  Talking client(pool);
  pool.attach(client, 2);
  while (!client.inside) std::this_thread::yield();
  pool.detach(client);
  CHECK_THROWS_AS(pool.detach(client), InternalError);
}

TEST_CASE("worker pool: loaders at the same time and one after another share the threads") {
  const auto run = [] {
    std::mutex mutex;
    std::set<std::thread::id> seen;
    const auto dataset = std::make_shared<test::FakeDataset>(96);
    dataset->before_get = [&](int64_t) {
      const std::lock_guard lock(mutex);
      seen.insert(std::this_thread::get_id());
    };
    const auto pipeline = std::make_shared<augment::Pipeline>(std::vector<config::Choice>{});
    for (int round = 0; round < 3; ++round) {
      loader::Loader first(dataset, pipeline, {.threads = 3, .limits = {}}, loader::plain_memory(),
                           chunks(96, 8));
      loader::Loader second(dataset, pipeline, {.threads = 3, .limits = {}}, loader::plain_memory(),
                            chunks(96, 12));
      while (first.next()) {
      }
      while (second.next()) {
      }
    }
    if (seen.size() > 3) throw std::runtime_error(std::to_string(seen.size()) + " threads");
    if (WorkerPool::of_process().threads() != 3) throw std::runtime_error("threads in the pool");
  };
  // In a process of its own, where no other test has asked for more threads. Twice: the second time
  // the parent has a pool already, whose threads the child has not.
  CHECK(test::run_in_child(run).exit_code == 0);
  WorkerPool::of_process();
  CHECK(test::run_in_child(run).exit_code == 0);
}
