// Independent pieces of work over a few threads.
//
//   parallel_for(paths.size(), usable_cpus(), [&](int64_t i) { infos[i] = probe(paths[i]); });
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace stoker {

// Calls work(i) for i in [0, count), each once, in blocks of `block`. The first exception stops the
// rest and is rethrown.
template <class Work>
void parallel_for(int64_t count, int threads, const Work& work, int64_t block = 1) {
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto run = [&] {
    try {
      for (int64_t first; (first = next.fetch_add(block)) < count;)
        for (int64_t i = first; i < count && i < first + block; ++i) work(i);
    } catch (...) {
      next = count;
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  std::vector<std::jthread> helpers;
  const int64_t blocks = (count + block - 1) / block;
  for (int i = 1; i < threads && i < blocks; ++i) helpers.emplace_back(run);
  run();
  helpers.clear();  // joins
  if (failure) std::rethrow_exception(failure);
}

}  // namespace stoker
