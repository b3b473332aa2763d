#include "eval_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "stoker/core/error.h"
#include "stoker/core/json_text.h"
#include "stoker/core/output.h"
#include "stoker/core/shown.h"
#include "stoker/core/text.h"
#include "stoker/draw/confusion_picture.h"
#include "stoker/train/metric_names.h"

namespace stoker::app {

namespace {

nlohmann::ordered_json to_json(const jobs::EvaluationResult& result) {
  const metrics::ClassificationResult& m = result.metrics;
  nlohmann::ordered_json json{{"checkpoint", result.checkpoint.string()},
                              {"step", result.step},
                              {"images", m.images},
                              {"unreadable", result.unreadable_count},
                              {"nonfinite", m.nonfinite_images}};
  for (const train::EvalMetric& metric : train::eval_metrics())
    if (metric.is_of(m.is_multilabel)) json[std::string(metric.key())] = m.*metric.value;
  if (m.is_multilabel) json["threshold"] = m.threshold;
  json["time_s"] = result.time_s;
  json["images_per_s"] = static_cast<double>(m.images) / result.time_s;
  for (size_t i = 0; i < m.per_class.size(); ++i) {
    json["per_class"].push_back({{"name", result.class_names[i]},
                                 {"images", m.per_class[i].images},
                                 {"precision", m.per_class[i].precision},
                                 {"recall", m.per_class[i].recall},
                                 {"f1", m.per_class[i].f1}});
    if (!m.is_multilabel) continue;
    json["per_class"].back()["average_precision"] = m.per_class[i].average_precision;
    json["per_class"].back()["best_threshold"] = m.per_class[i].best_threshold;
    json["per_class"].back()["best_f1"] = m.per_class[i].best_f1;
  }
  if (!m.is_multilabel) json["confusion"] = m.confusion;
  return json;
}

void check_confusion(const jobs::EvaluationResult& result) {
  if (result.metrics.is_multilabel)
    throw ConfigError(
        "--confusion: with task: multilabel no label is taken for another, so that there is no "
        "matrix; --per-class has the figures of each label");
  if (!result.metrics.confusion.empty()) return;
  throw DataError(fmt::format(
      "there is no confusion matrix of {} classes: pairs are counted for up to {}. --per-class has "
      "the figures of each class",
      result.class_names.size(), metrics::kConfusionClasses));
}

std::string confusion_csv(const jobs::EvaluationResult& result) {
  std::string table = "true\\predicted";
  for (const std::string& name : result.class_names) table += "," + csv_cell(name);
  table += "\n";
  for (size_t row = 0; row < result.metrics.confusion.size(); ++row) {
    table += csv_cell(result.class_names[row]);
    for (const int64_t count : result.metrics.confusion[row]) table += fmt::format(",{}", count);
    table += "\n";
  }
  return table;
}

void print_classes(const jobs::EvaluationResult& result, std::FILE* to) {
  const metrics::ClassificationResult& m = result.metrics;
  size_t width = 5;
  for (const std::string& name : result.class_names) width = std::max(width, shown(name).size());
  fmt::print(to, "\n\n{:<{}}  {:>8}  {:>9}  {:>8}  {:>8}{}\n", "class", width, "images",
             "precision", "recall", "f1",
             m.is_multilabel ? "  average precision  best threshold  f1 there" : "");
  for (size_t i = 0; i < m.per_class.size(); ++i) {
    const auto& row = m.per_class[i];
    fmt::print(to, "{:<{}}  {:>8}  {:>8.2f}%  {:>7.2f}%  {:>7.2f}%", shown(result.class_names[i]),
               width, human_count(row.images), 100 * row.precision, 100 * row.recall, 100 * row.f1);
    if (m.is_multilabel)
      fmt::print(to, "  {:>16.2f}%  {:>14.3f}  {:>7.2f}%", 100 * row.average_precision,
                 row.best_threshold, 100 * row.best_f1);
    fmt::print(to, "\n");
  }
}

}  // namespace

void print_evaluation(const jobs::EvaluationResult& result, std::FILE* to) {
  const metrics::ClassificationResult& m = result.metrics;
  fmt::print(to, "{}\n", shown(result.checkpoint.string()));
  if (m.is_multilabel)
    fmt::print(to, "mAP {:.2f}%  F1 {:.2f}% (micro) {:.2f}% (macro) from {:g} on  loss {:.4f}\n",
               100 * m.map, 100 * m.f1_micro, 100 * m.f1_macro, m.threshold, m.loss);
  else
    fmt::print(to, "top1 {:.2f}%  top5 {:.2f}%  loss {:.4f}  calibration error {:.4f}\n",
               100 * m.top1, 100 * m.top5, m.loss, m.ece);
  fmt::print(to, "{} images in {}", human_count(m.images), human_duration(result.time_s));
  if (result.unreadable_count > 0)
    fmt::print(to, "; {} unreadable ones left out", human_count(result.unreadable_count));
  print_classes(result, to);
}

void print_evaluation_json(const jobs::EvaluationResult& result) {
  fmt::print("{}\n", json_text(to_json(result), 2));
}

void print_confusion(const jobs::EvaluationResult& result) {
  check_confusion(result);
  fmt::print("\nconfusion (row: label, column: prediction)\n");
  for (size_t i = 0; i < result.metrics.confusion.size(); ++i) {
    for (const int64_t count : result.metrics.confusion[i]) fmt::print("{:>7}", count);
    fmt::print("  {}\n", shown(result.class_names[i]));
  }
}

void write_confusion(const jobs::EvaluationResult& result, const std::filesystem::path& file) {
  check_confusion(result);
  if (file.extension() == ".png") {
    write_output("--confusion", file,
                 draw::confusion_picture(result.class_names, result.metrics.confusion));
  } else {
    write_output("--confusion", file, as_bytes(confusion_csv(result)));
  }
}

void write_per_class(const jobs::EvaluationResult& result, const std::filesystem::path& file) {
  const bool is_multilabel = result.metrics.is_multilabel;
  std::string table = "class,images,precision,recall,f1";
  table += is_multilabel ? ",average_precision,best_threshold,best_f1\n" : "\n";
  for (size_t i = 0; i < result.metrics.per_class.size(); ++i) {
    const auto& row = result.metrics.per_class[i];
    table += fmt::format("{},{},{:.6f},{:.6f},{:.6f}", csv_cell(result.class_names[i]), row.images,
                         row.precision, row.recall, row.f1);
    if (is_multilabel)
      table += fmt::format(",{:.6f},{:.6f},{:.6f}", row.average_precision, row.best_threshold,
                           row.best_f1);
    table += "\n";
  }
  write_output("--per-class", file, as_bytes(table));
}

}  // namespace stoker::app
