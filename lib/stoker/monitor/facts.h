// What was measured of a run over some time: the sum of its log lines.
//
//   Facts facts{.on_gpu = true, .usable_cpus = 16};
//   facts.add_training([&](std::string_view key) { return record.value(key); });
//   const Verdict verdict = judge(facts);
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace stoker::monitor {

struct Facts {
  bool on_gpu = false;
  std::string gpu;  // its name
  int usable_cpus = 0;
  int64_t ranks = 1;
  std::string faster_precision;  // that the device is faster at; "" where the run has the fastest

  int64_t lines = 0;
  double wall_s = 0;   // of the clock, from the first line's beginning
  double steps_s = 0;  // of it in steps; of these:
  double data_wait_s = 0, exchange_wait_s = 0;
  double eval_s = 0, save_s = 0;  // besides steps
  double images = 0;
  // What the loader's threads did meanwhile, in seconds of threads.
  double read_s = 0, decode_s = 0, augment_s = 0, copy_s = 0;
  int loader_threads = 0;

  struct Mean {
    double sum = 0, weight = 0;
  };
  std::map<std::string, Mean, std::less<>> means;  // of further figures, by their keys
  std::optional<double> last_time_s = {};          // of the newest line
  double ahead_s = 0;  // of wall_s, that the next line has too: evaluations since the last

  // A figure of the log line, or nothing where it has none.
  using Line = std::function<std::optional<double>(std::string_view key)>;
  // A line of split "train", and one of split "val", which counts from the first line of training
  // on.
  void add_training(const Line& line);
  // A line that only says where the next begins: the first of a process has the set-up in it.
  void note_line(const Line& line) {
    last_time_s = line("time_s");
    ahead_s = 0;
  }
  void add_evaluation(const Line& line);

  // The same run with nothing added yet: for the next epoch.
  Facts next() const;

  // The mean over lines, weighted by their time, of a figure that not all of them need to have:
  // "gpu_util", "mfu" (monitor/window.h has their names).
  std::optional<double> mean(std::string_view key) const;
  // For tests and for what is known of a run as a whole.
  void set_mean(const std::string& key, double value) { means[key] = {value, 1}; }
};

}  // namespace stoker::monitor
