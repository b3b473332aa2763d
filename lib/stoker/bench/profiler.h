// LibTorch's profiler, Kineto, together with our own ranges (core/trace.h): one trace of all
// threads on one time axis, in the format that Perfetto and Chromium's chrome://tracing read.
//
//   Profiler profiler(device);                 // begins
//   … steps …
//   Recording recording = profiler.stop(folder, {.begin_ns = …, .end_ns = …});
//   write(recording.trace);
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "stoker/bench/operators.h"
#include "stoker/core/trace.h"

namespace stoker::bench {

struct Recording {
  std::string trace;  // JSON, "Trace Event Format": times in microseconds
  // Of what began within the window:
  std::vector<OperatorRow> operators;  // of the host, calls of CUDA's runtime included
  std::vector<OperatorRow> kernels;    // of the device, copies included
  int64_t device_busy_ns = 0;          // in which it ran at least one of these
  std::vector<trace::Thread> threads;  // our own ranges, all of them
};

// Of trace::now_ns().
struct Window {
  int64_t begin_ns = 0, end_ns = INT64_MAX;
};

// One at a time in a process. Operators are recorded on the thread that makes it, and on those that
// run its backward passes.
class Profiler {
 public:
  explicit Profiler(c10::Device device);
  ~Profiler();
  Profiler(const Profiler&) = delete;
  Profiler& operator=(const Profiler&) = delete;

  // Waits for the device. The trace has everything, the tables what lies in the window. `folder`
  // takes a file for a moment. Throws FileError.
  Recording stop(const std::filesystem::path& folder, Window window = {});

 private:
  const c10::Device device_;
  const int log_level_;  // of LibTorch, which warns of each block that it did not see taken
  bool is_running_ = true;
};

}  // namespace stoker::bench
