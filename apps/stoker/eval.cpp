#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "stoker/core/text.h"
#include "stoker/run/evaluation.h"
#include "verb.h"

namespace stoker::app {

namespace {

struct EvalArguments {
  std::string path;
  std::vector<std::string> overrides;
  bool json = false;
  bool confusion = false;
};

nlohmann::ordered_json to_json(const run::EvaluationResult& result) {
  const metrics::ClassificationResult& m = result.metrics;
  nlohmann::ordered_json json{{"checkpoint", result.checkpoint.string()},
                              {"step", result.step},
                              {"images", m.images},
                              {"loss", m.loss},
                              {"top1", m.top1},
                              {"top5", m.top5},
                              {"ece", m.ece},
                              {"time_s", result.time_s},
                              {"images_per_s", static_cast<double>(m.images) / result.time_s}};
  for (size_t i = 0; i < m.per_class.size(); ++i) {
    json["per_class"].push_back({{"name", result.class_names[i]},
                                 {"images", m.per_class[i].images},
                                 {"precision", m.per_class[i].precision},
                                 {"recall", m.per_class[i].recall},
                                 {"f1", m.per_class[i].f1}});
  }
  json["confusion"] = m.confusion;
  return json;
}

void print_classes(const run::EvaluationResult& result) {
  size_t width = 5;
  for (const std::string& name : result.class_names) width = std::max(width, name.size());
  fmt::print("\n{:<{}}  {:>8}  {:>9}  {:>8}  {:>8}\n", "class", width, "images", "precision",
             "recall", "f1");
  for (size_t i = 0; i < result.metrics.per_class.size(); ++i) {
    const auto& row = result.metrics.per_class[i];
    fmt::print("{:<{}}  {:>8}  {:>8.2f}%  {:>7.2f}%  {:>7.2f}%\n", result.class_names[i], width,
               human_count(row.images), 100 * row.precision, 100 * row.recall, 100 * row.f1);
  }
}

void print_confusion(const run::EvaluationResult& result) {
  fmt::print("\nconfusion (row: label, column: prediction)\n");
  for (size_t i = 0; i < result.metrics.confusion.size(); ++i) {
    for (const int64_t count : result.metrics.confusion[i]) fmt::print("{:>7}", count);
    fmt::print("  {}\n", result.class_names[i]);
  }
}

ExitCode evaluate(const EvalArguments& arguments) {
  const run::EvaluationResult result = run::run_evaluation(arguments.path, arguments.overrides);
  if (arguments.json) {
    fmt::print("{}\n", to_json(result).dump(2));
    return ExitCode::kDone;
  }
  const metrics::ClassificationResult& m = result.metrics;
  fmt::print("{}\n", result.checkpoint.string());
  fmt::print("top1 {:.2f}%  top5 {:.2f}%  loss {:.4f}  calibration error {:.4f}\n", 100 * m.top1,
             100 * m.top5, m.loss, m.ece);
  fmt::print("{} images in {}\n", human_count(m.images), human_duration(result.time_s));
  print_classes(result);
  if (arguments.confusion) print_confusion(result);
  return ExitCode::kDone;
}

}  // namespace

void add_eval(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("eval", "Metrics of a checkpoint on its validation data");
  auto arguments = std::make_shared<EvalArguments>();
  verb->add_option("checkpoint", arguments->path,
                   "A run's folder (its best checkpoint), checkpoints/latest, or a checkpoint")
      ->required();
  verb->add_option("overrides", arguments->overrides, "Such as data.root=photos device=cpu")
      ->option_text("[key=value ...]");
  verb->add_flag("--confusion", arguments->confusion, "Print the confusion matrix");
  verb->add_flag("--json", arguments->json, "Print everything as JSON");
  verb->footer(
      "Example:\n"
      "  stoker eval runs/cifar10/1 --confusion");
  verb->callback([arguments, &action] { action = [arguments] { return evaluate(*arguments); }; });
}

}  // namespace stoker::app
