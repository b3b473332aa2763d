// Gathers the mistakes of a config, to say them all at once.
#pragma once

#include <string>
#include <vector>

#include "stoker/config/node.h"

namespace stoker::config {

class Problems {
 public:
  // path: the key's path, "" for the file as a whole. `text` ends in no full stop.
  void add(const Location& at, const std::string& path, const std::string& text);
  // Further ones are hardly ever shown: their text need not be made with care.
  bool is_full() const { return list_.size() >= kMaxCareful; }
  // Throws a ConfigError of one line a mistake, file by file, in the order of lines.
  void throw_if_any() const;

 private:
  static constexpr size_t kMaxCareful = 1000;

  struct Problem {
    Location at;
    std::string path;
    std::string text;
  };
  std::vector<Problem> list_;
};

}  // namespace stoker::config
