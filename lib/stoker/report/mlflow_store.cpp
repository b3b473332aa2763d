#include "stoker/report/mlflow_store.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <sstream>

#include "stoker/config/load.h"
#include "stoker/core/error.h"
#include "stoker/core/hash.h"
#include "stoker/core/shown.h"
#include "stoker/core/text.h"
#include "stoker/runs/metrics_file.h"

namespace stoker::report {

namespace fs = std::filesystem;

namespace {

constexpr const char* kMeta = "meta.yaml";
constexpr const char* kIdFile = ".mlflow-run";  // in the run's own folder
// RunStatus of MLflow's service.proto.
constexpr int64_t kRunning = 1, kFinished = 3, kFailed = 4, kKilled = 5;

int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string yaml_text(std::string_view text) { return json_string(shown(text)); }

// Letters that MLflow takes in names of metrics, parameters and tags.
std::string clean(std::string_view name) {
  constexpr std::string_view kTaken = "_-. ";
  std::string text;
  for (const char c : name) {
    const bool is_letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    text += is_letter || kTaken.find(c) != std::string_view::npos ? c : '_';
  }
  if (text.empty() || text[0] == '.') text.insert(text.begin(), '_');
  return text;
}

std::string new_id() {
  std::random_device random;
  std::string id;
  for (int i = 0; i < 4; ++i) id += fmt::format("{:08x}", random());
  return id;
}

bool is_id(std::string_view text) {
  constexpr size_t kDigits = 32;
  return text.size() == kDigits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::string uri_of(const fs::path& path) {
  return "file://" + fs::absolute(path).lexically_normal().string();
}

// The number that MLflow's folder has an experiment of this name under; a new one follows from the
// name, so that runs that begin at the same moment agree.
std::string experiment_of(const fs::path& store, const std::string& name) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(store, none)) {
    if (!fs::is_regular_file(entry.path() / kMeta, none)) continue;
    try {
      const config::Node meta = config::load_files(entry.path() / kMeta);
      const config::Node* found = meta.is_map() ? meta.find("name") : nullptr;
      if (found != nullptr && found->is_scalar() && found->scalar == shown(name))
        return entry.path().filename().string();
    } catch (const Error&) {
      continue;  // of another kind
    }
  }
  const uint64_t hash = std::stoull(sha256_hex(as_bytes(name)).substr(0, 14), nullptr, 16);
  constexpr uint64_t kSmallest = 100'000'000'000'000'000;  // 18 digits, as MLflow's own
  return fmt::format("{}", kSmallest + hash);
}

void write(FileSystem& files, const fs::path& path, const std::string& text) {
  write_file_atomically(files, path, as_bytes(text));
}

}  // namespace

MlflowRun::MlflowRun(FileSystem& files, const fs::path& store, const MlflowOptions& options)
    : files_(files), start_ms_(now_ms()) {
  files_.make_directories(store);
  experiment_id_ = experiment_of(store, options.experiment);
  const fs::path experiment = store / experiment_id_;
  if (!fs::exists(experiment / kMeta)) {
    files_.make_directories(experiment);
    write(files_, experiment / kMeta,
          fmt::format("artifact_location: {}\ncreation_time: {}\nexperiment_id: '{}'\n"
                      "last_update_time: {}\nlifecycle_stage: active\nname: {}\n",
                      yaml_text(uri_of(experiment)), start_ms_, experiment_id_, start_ms_,
                      yaml_text(options.experiment)));
  }
  const fs::path id_file = options.run / kIdFile;
  if (fs::is_regular_file(id_file)) run_id_ = read_file(id_file).substr(0, 32);
  if (!is_id(run_id_)) {
    run_id_ = new_id();
    write(files_, id_file, run_id_ + "\n");
  }
  name_ = fs::absolute(options.run).lexically_normal().filename().string();
  name_ = options.experiment + "/" + name_;
  folder_ = experiment / run_id_;
  for (const char* part : {"params", "metrics", "tags", "artifacts"})
    files_.make_directories(folder_ / part);
  constexpr size_t kLongestValue = 500;
  for (const auto& [key, value] : options.params)
    write(files_, folder_ / "params" / clean(key), shown(value).substr(0, kLongestValue));
  write(files_, folder_ / "tags" / "mlflow.runName", shown(name_));
  write(files_, folder_ / "tags" / "mlflow.source.name", "stoker");
  write(files_, folder_ / "tags" / "mlflow.source.type", "LOCAL");
  write(files_, folder_ / "tags" / "stoker.run", shown(fs::absolute(options.run).string()));
  write_meta(kRunning, /*has_ended=*/false);
}

void MlflowRun::write_meta(int64_t status, bool has_ended) {
  const std::string end = has_ended ? fmt::format("{}", now_ms()) : "null";
  write(files_, folder_ / kMeta,
        fmt::format("artifact_uri: {}\ndeleted_time: null\nend_time: {}\nentry_point_name: ''\n"
                    "experiment_id: '{}'\nlifecycle_stage: active\nrun_id: {}\nrun_name: {}\n"
                    "run_uuid: {}\nsource_name: ''\nsource_type: 4\nsource_version: ''\n"
                    "start_time: {}\nstatus: {}\ntags: []\nuser_id: stoker\n",
                    yaml_text(uri_of(folder_ / "artifacts")), end, experiment_id_,
                    yaml_text(run_id_), yaml_text(name_), yaml_text(run_id_), start_ms_, status));
}

void MlflowRun::rewind(int64_t step) {
  for (const auto& entry : fs::directory_iterator(folder_ / "metrics")) {
    if (!entry.is_regular_file()) continue;
    std::istringstream lines(read_file(entry.path()));
    std::string kept;
    int64_t time = 0, at = 0;
    std::string value;
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      if (words >> time >> value >> at && at <= step) kept += line + "\n";
    }
    write(files_, entry.path(), kept);
  }
}

void MlflowRun::log(std::string_view line) {
  const auto record = runs::parse_metrics_line(line);
  if (!record || (record->split != "train" && record->split != "val")) return;
  const int64_t time = now_ms();
  for (const auto& [key, value] : record->values) {
    const auto file = files_.open_to_append(folder_ / "metrics" / clean(record->split + "." + key));
    file->append(as_bytes(fmt::format("{} {} {}\n", time, value, record->step)));
    file->close();
  }
}

void MlflowRun::end(std::string_view reason) {
  write_meta(reason == "failed"        ? kFailed
             : reason == "interrupted" ? kKilled
                                       : kFinished,
             /*has_ended=*/true);
}

}  // namespace stoker::report
