// metrics.jsonl as it is read back.
//
//   for (const MetricsRecord& record : read_metrics(folder.metrics()))
//     if (record.split == "val") best = std::max(best, record.value("top1").value_or(0));
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stoker::runs {

struct MetricsRecord {
  int64_t step = 0;
  std::string split;                                  // "train", "val" or "memory"
  std::map<std::string, double, std::less<>> values;  // the other numbers, by their keys
  // Nothing where the line lacks the figure or has null, which stands for what is not finite.
  std::optional<double> value(std::string_view key) const;
};

// Nothing for a line that is no object or names no step, as one that was cut short.
std::optional<MetricsRecord> parse_metrics_line(std::string_view line);

// In the order of the file, without lines as above; none where there is no file. Throws FileError.
std::vector<MetricsRecord> read_metrics(const std::filesystem::path& path);

}  // namespace stoker::runs
