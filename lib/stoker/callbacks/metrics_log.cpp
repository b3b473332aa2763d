#include "stoker/callbacks/metrics_log.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "stoker/callbacks/metrics_csv.h"
#include "stoker/callbacks/record_file.h"
#include "stoker/machine/memory.h"

namespace stoker::callbacks {

namespace {

// Keeps the keys in the order in which they are written.
using nlohmann::ordered_json;
using train::Event;
using train::State;

ordered_json train_line(const State& state) {
  const train::LogWindow& w = state.window;
  const auto us_per_image = [&w](double seconds) {
    return w.stages.samples == 0 ? 0 : 1e6 * seconds / static_cast<double>(w.stages.samples);
  };
  return {{"time_s", state.train_time_s},
          {"epoch", state.plan.epoch(state.step)},
          {"step", state.step},
          {"split", "train"},
          {"loss", w.loss_images > 0 ? w.loss_sum / static_cast<double>(w.loss_images)
                                     : std::numeric_limits<double>::quiet_NaN()},
          {"lr", w.lr},
          {"images_per_s", static_cast<double>(w.images) / w.time_s},
          {"data_wait", w.data_wait_s / w.time_s},
          {"memory_gib", machine::memory_gib(state.device)},
          {"skipped_steps", w.skipped_steps},
          {"read_us", us_per_image(w.stages.read_s)},
          {"decode_us", us_per_image(w.stages.decode_s)},
          {"augment_us", us_per_image(w.stages.augment_s)},
          {"copy_us", us_per_image(w.stages.copy_s)}};
}

ordered_json val_line(const State& state) {
  const metrics::ClassificationResult& r = state.eval->result;
  return {{"time_s", state.train_time_s},
          {"epoch", state.eval->epoch},
          {"step", state.eval->step},
          {"split", "val"},
          {"loss", r.loss},
          {"top1", r.top1},
          {"top5", r.top5},
          {"ece", r.ece},
          {"images", r.images}};
}

class MetricsLog : public train::Callback {
 public:
  MetricsLog(FileSystem& files, const std::filesystem::path& folder,
             const MetricsLogOptions& options)
      : json_(files, folder / "metrics.jsonl") {
    const std::filesystem::path csv = folder / "metrics.csv";
    if (!options.csv) return;
    write_file_atomically(files, csv, as_bytes(metrics_csv(read_file(folder / "metrics.jsonl"))));
    csv_.emplace(files, csv);
  }

  void observe(Event event, const State& state) override {
    if (const auto line = metrics_line(event, state)) write(*line);
  }

 private:
  void write(const std::string& line) {
    json_.append(line + "\n");
    // Read back, so that a number that JSON cannot hold is as empty here as it is null there.
    if (csv_) csv_->append(metrics_csv_row(ordered_json::parse(line)));
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
  if (event == Event::kLog) return train_line(state).dump();
  if (event == Event::kEvalDone && state.eval) return val_line(state).dump();
  return std::nullopt;
}

void rewind_metrics_log(FileSystem& files, const std::filesystem::path& path, int64_t step) {
  if (!std::filesystem::exists(path)) return;
  std::istringstream lines(read_file(path));
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    const auto parsed = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (parsed.is_object() && parsed.value("step", std::numeric_limits<int64_t>::max()) <= step) {
      kept += line + "\n";
    }
  }
  write_file_atomically(files, path, as_bytes(kept));
}

}  // namespace stoker::callbacks
