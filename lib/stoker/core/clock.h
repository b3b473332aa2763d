// Elapsed time.
//
//   const Stopwatch watch;
//   …
//   watch.elapsed_s();
#pragma once

#include <chrono>

namespace stoker {

class Stopwatch {
 public:
  using Clock = std::chrono::steady_clock;
  double elapsed_s() const {
    return std::chrono::duration<double>(Clock::now() - started_).count();
  }

 private:
  Clock::time_point started_ = Clock::now();
};

}  // namespace stoker
