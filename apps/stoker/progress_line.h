// The progress of a verb on standard error: a bar on a terminal; elsewhere a plain line a tenth, or
// nothing.
//
//   ProgressLine line({.unit = ProgressUnit::kImages, .elsewhere = true});
//   work([&](int64_t done, int64_t of) { line.show("train", done, of); });
//
// What it drew is gone when it goes.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "stoker/core/clock.h"
#include "stoker/core/pace.h"

namespace stoker::app {

enum class ProgressUnit { kImages, kBytes };

struct ProgressLineOptions {
  ProgressUnit unit = ProgressUnit::kImages;
  bool bar = true;         // where there is a terminal for it
  bool elsewhere = false;  // plain lines where there is no bar
};

class ProgressLine {
 public:
  explicit ProgressLine(ProgressLineOptions options = {});
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // name: what is worked on; another one begins a new bar. of = 0: not known. For any thread.
  void show(const std::string& name, int64_t done, int64_t of);

 private:
  void print_plain(int64_t done, int64_t of);
  std::string rate_text() const;

  const ProgressLineOptions options_;
  const bool shows_bar_;
  std::mutex mutex_;
  Stopwatch watch_;
  Pace pace_;
  std::optional<std::string> name_;
  int64_t tenth_ = -1;
};

}  // namespace stoker::app
