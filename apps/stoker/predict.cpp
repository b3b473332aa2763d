#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "progress_line.h"
#include "stoker/core/json_text.h"
#include "stoker/core/shown.h"
#include "stoker/core/terminal.h"
#include "stoker/core/text.h"
#include "stoker/data/image_list.h"
#include "stoker/jobs/prediction.h"
#include "torch_bodies.h"

namespace stoker::app {

namespace {

void print_text(const jobs::Prediction& prediction) {
  std::string line = shown(prediction.image);
  for (const auto& guess : prediction.labels ? *prediction.labels : prediction.guesses) {
    line += fmt::format("  {} {:.2f}%", shown(guess.class_name), 100 * guess.probability);
  }
  if (prediction.labels && prediction.labels->empty()) line += "  -";
  fmt::print("{}\n", line);
}

// For programs the bytes of a name, for a terminal what it can show.
std::string cell(const std::string& name) {
  static const bool is_terminal = isatty(STDOUT_FILENO) == 1;
  return is_terminal ? shown(csv_cell(name)) : csv_cell(name);
}

void print_csv(const jobs::Prediction& prediction) {
  for (size_t i = 0; i < prediction.guesses.size(); ++i) {
    fmt::print("{},{},{},{:.6f}\n", cell(prediction.image), i + 1,
               cell(prediction.guesses[i].class_name), prediction.guesses[i].probability);
  }
}

std::string guesses_json(const std::vector<jobs::Prediction::Guess>& list) {
  std::string guesses;
  for (const auto& guess : list) {
    guesses +=
        fmt::format("{}{{\"class\":{},\"probability\":{}}}", guesses.empty() ? "" : ",",
                    json_string(guess.class_name), json_text(nlohmann::json(guess.probability)));
  }
  return "[" + guesses + "]";
}

void print_json(const jobs::Prediction& prediction) {
  const std::string labels =
      prediction.labels ? fmt::format("\"labels\":{},", guesses_json(*prediction.labels)) : "";
  fmt::print("{{\"image\":{},{}\"guesses\":{}}}\n", json_string(prediction.image), labels,
             guesses_json(prediction.guesses));
}

}  // namespace

ExitCode predict(const PredictArguments& arguments) {
  std::vector<std::string> images, overrides;
  for (const std::string& word : arguments.words) {
    (is_override(word) ? overrides : images).push_back(word);
  }
  if (images.empty()) throw ConfigError("no images: name files, folders, patterns, or - for stdin");
  if (arguments.format == "csv") fmt::print("image,rank,class,probability\n");
  const auto emit = arguments.format == "csv"    ? print_csv
                    : arguments.format == "json" ? print_json
                                                 : print_text;
  const jobs::PredictionTotals totals = [&] {
    const bool is_terminal = isatty(STDOUT_FILENO) == 1;
    ProgressLine line;
    return jobs::run_predictions(
        arguments.checkpoint, overrides,
        data::find_images(images, std::cin, arguments.null_separated ? '\0' : '\n'), arguments.top,
        [&](const jobs::Prediction& prediction) {
          if (is_terminal) hide_line();  // most likely the one of standard error
          emit(prediction);
        },
        [&](int64_t done, int64_t of) { line.show("predict", done, of); });
  }();
  for (const loader::SkippedSample& sample : totals.unreadable) {
    fmt::print(stderr, "unreadable: {}\n", shown(sample.reason));
  }
  fmt::print(stderr, "{} {} in {}, {} images/s; {} unreadable\n", human_count(totals.images),
             totals.images == 1 ? "image" : "images", human_duration(totals.time_s),
             human_count(static_cast<int64_t>(static_cast<double>(totals.images) / totals.time_s)),
             human_count(totals.unreadable_count));
  for (const std::string& image : totals.nonfinite) {
    fmt::print(stderr, "not finite: {}: the network's output holds NaN or infinity\n",
               shown(image));
  }
  if (!totals.nonfinite.empty()) return ExitCode::kDiverged;
  return totals.unreadable_count == 0 ? ExitCode::kDone : ExitCode::kData;
}

}  // namespace stoker::app
