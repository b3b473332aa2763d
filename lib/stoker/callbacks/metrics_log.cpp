#include "stoker/callbacks/metrics_log.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "stoker/callbacks/columns.h"
#include "stoker/callbacks/metrics_csv.h"
#include "stoker/callbacks/record_file.h"
#include "stoker/core/json_text.h"
#include "stoker/runs/layout.h"
#include "stoker/runs/metrics_file.h"
#include "stoker/runs/metrics_lines.h"

namespace stoker::callbacks {

namespace {

using train::Event;
using train::State;

class MetricsLog : public train::Callback {
 public:
  MetricsLog(FileSystem& files, const std::filesystem::path& folder,
             const MetricsLogOptions& options)
      : json_(files, folder / runs::kMetricsFile) {
    const std::filesystem::path csv = folder / runs::kMetricsTable;
    if (!options.csv) return;
    write_file_atomically(files, csv,
                          as_bytes(metrics_csv(read_file(folder / runs::kMetricsFile))));
    csv_.emplace(files, csv);
  }

  void observe(Event event, const train::View& view) override {
    if (const auto line = metrics_line(event, view.state)) write(*line);
  }

 private:
  void write(const std::string& line) {
    json_.append(line + "\n");
    // Read back, so that a number that JSON cannot hold is as empty here as it is null there.
    if (csv_) csv_->append(metrics_csv_row(runs::parse_metrics_object(line).value()));
  }

  RecordFile json_;
  std::optional<RecordFile> csv_;
};

}  // namespace

std::unique_ptr<train::Callback> make_metrics_log(FileSystem& files,
                                                  const std::filesystem::path& folder,
                                                  const MetricsLogOptions& options) {
  return std::make_unique<MetricsLog>(files, folder, options);
}

std::optional<std::string> metrics_line(Event event, const State& state) {
  if (event == Event::kLog) return json_text(train_record(state));
  if (event == Event::kEvalDone && state.eval) return json_text(eval_record(state));
  if (event == Event::kMemoryChange && state.memory_change) return json_text(memory_record(state));
  return std::nullopt;
}

void rewind_metrics_log(FileSystem& files, const std::filesystem::path& path, int64_t step) {
  if (!std::filesystem::exists(path)) return;
  std::istringstream lines(read_file(path));
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    const auto record = runs::parse_metrics_line(line);
    if (record && record->step <= step) kept += line + "\n";
  }
  write_file_atomically(files, path, as_bytes(kept));
}

}  // namespace stoker::callbacks
