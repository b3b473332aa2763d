// The threads that read, decode and augment: one set for the process, whatever the number of
// loaders. Training and evaluation have loaders at the same time; with threads of their own they
// would get in each other's way. No torch.
//
//   class Client : public WorkerPool::Client { bool work_once(int slot) override { … } };
//   WorkerPool& pool = WorkerPool::of_process();
//   pool.attach(client, /*most_threads=*/usable_cpus());
//   pool.notify(client);  // there may be work
//   pool.detach(client);  // returns when no thread is in it any more
//
// A simple queue: a free thread goes to the next client in turn that may have work. Work comes in
// runs of about a quarter of a millisecond, so that turns are rare beside samples.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace stoker::loader {

class WorkerPool {
 public:
  class Client {
   public:
    virtual ~Client() = default;
    // Does one run of work if there is any, and says whether there was. Called without locks held
    // by up to `most_threads` threads at once, each with another slot in [0, most_threads). Must
    // not throw.
    virtual bool work_once(int slot) noexcept = 0;
  };

  // Starts threads when they are first asked for. They end with the process.
  static WorkerPool& of_process();

  WorkerPool() = default;
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Adds threads until the pool has most_threads. Throws std::system_error when it cannot, with the
  // client not attached. The client is asked for work at once.
  void attach(Client& client, int most_threads);
  // The client is not asked any more, and has no thread in it once this returns. Not for a client
  // that was not attached, and not from within work_once().
  void detach(Client& client);
  // A client that had no work may have some now. Cheap; callable under a lock of the client's. Does
  // nothing for a client that is being detached.
  void notify(Client& client);
  int threads() const;

 private:
  struct Seat {
    Client* client = nullptr;
    std::vector<int> free_slots;
    int working = 0;
    // A client is asked again only after something has happened since it last had nothing.
    uint64_t events = 1, events_without_work = 0;
    bool may_have_work() const { return !free_slots.empty() && events != events_without_work; }
  };

  void run();
  std::shared_ptr<Seat> next_seat();
  std::shared_ptr<Seat> seat_of(const Client& client) const;

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable left_;  // a thread has left a client
  std::vector<std::shared_ptr<Seat>> seats_;
  size_t turn_ = 0;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace stoker::loader
