#include "stoker/monitor/rapl.h"

#include <algorithm>
#include <system_error>

namespace stoker::monitor {

namespace fs = std::filesystem;

namespace {

std::string first_word(const fs::path& path) {
  SystemFile file(path);
  const auto text = file.read();
  return text ? std::string(text->substr(0, text->find('\n'))) : "";
}

// intel-rapl:0 and not intel-rapl:0:1, which stands below it; nor intel-rapl-mmio:0, which is the
// first once more.
bool is_top_domain(const std::string& name) {
  constexpr std::string_view kPrefix = "intel-rapl:";
  return name.starts_with(kPrefix) && name.find(':', kPrefix.size()) == std::string::npos;
}

}  // namespace

RaplMeter::RaplMeter(const fs::path& root) {
  const fs::path folder = root / "sys/class/powercap";
  std::vector<fs::path> domains;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    if (is_top_domain(entry.path().filename().string()) &&
        first_word(entry.path() / "name").starts_with("package")) {
      domains.push_back(entry.path());
    }
  }
  std::ranges::sort(domains);
  if (domains.empty()) why_not_ = "this system shows no energy counters of its processors";
  for (const fs::path& domain : domains) {
    Package package{.counter = SystemFile(domain / "energy_uj")};
    SystemFile range(domain / "max_energy_range_uj");
    if (const auto text = range.read()) package.range_uj = number_at(*text, 0).value_or(0);
    const auto text = package.counter.read();
    const auto now = text ? number_at(*text, 0) : std::nullopt;
    if (!now) {
      why_not_ = package.counter.path() + " cannot be read, which takes root's rights";
      packages_.clear();
      return;
    }
    package.last_uj = *now;
    packages_.push_back(std::move(package));
  }
}

std::optional<double> RaplMeter::read() {
  if (packages_.empty()) return std::nullopt;
  constexpr double kMicro = 1e-6;
  double joules = 0;
  for (Package& package : packages_) {
    const auto text = package.counter.read();
    const auto now = text ? number_at(*text, 0) : std::nullopt;
    if (!now) return std::nullopt;
    int64_t spent = *now - package.last_uj;
    if (spent < 0) spent += package.range_uj;
    joules += kMicro * static_cast<double>(std::max<int64_t>(spent, 0));
    package.last_uj = *now;
  }
  joules_ += joules;
  return joules_;
}

}  // namespace stoker::monitor
