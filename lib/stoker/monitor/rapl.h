// The joules of this machine's processors, from Linux's powercap (Intel's and AMD's RAPL).
//
//   RaplMeter rapl;
//   rapl.why_not();          // "" or why no joules can be had
//   rapl.read();             // cumulative since the meter was made
//
// Only the packages count: what stands below them (cores, memory controller) and beside them (psys,
// the whole platform) is the same energy again. A counter wraps at its max_energy_range_uj.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "stoker/monitor/system_file.h"

namespace stoker::monitor {

class RaplMeter {
 public:
  // root stands for / in tests.
  explicit RaplMeter(const std::filesystem::path& root = "/");

  size_t packages() const { return packages_.size(); }
  const std::string& why_not() const { return why_not_; }
  // Nothing where there is no package, or one of them cannot be read.
  std::optional<double> read();

 private:
  struct Package {
    SystemFile counter;  // microjoules
    int64_t range_uj = 0;
    int64_t last_uj = 0;
  };
  std::vector<Package> packages_;
  std::string why_not_;
  double joules_ = 0;
};

}  // namespace stoker::monitor
