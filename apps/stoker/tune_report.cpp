#include "tune_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stoker/core/text.h"
#include "stoker/draw/chart.h"

namespace stoker::app {

using nlohmann::ordered_json;

namespace {

std::string bytes_text(int64_t bytes) { return human_bytes(static_cast<uint64_t>(bytes)); }

const char* layout_of(const autotune::PrecisionResult& row) {
  return row.channels_last ? "channels_last" : "channels first";
}

std::string marks_of(const autotune::MicrobatchTuning& found, int64_t size) {
  std::string marks;
  if (size == found.microbatch) marks += "  <- smallest near the best";
  if (size == found.largest_microbatch && found.is_limited_by_memory)
    marks += "  <- largest that fits";
  return marks;
}

double confidence_of(const autotune::MicrobatchTuning& found) {
  return std::ranges::find(found.curve, found.microbatch, &autotune::SizeResult::microbatch)
      ->images_per_s.confidence;
}

}  // namespace

void print_tuning(const autotune::MicrobatchTuning& found, const EvaluationNeed& evaluation) {
  fmt::print("memory: {} + {} an image; {} may be used, {} of it are left free\n",
             bytes_text(static_cast<int64_t>(found.memory.base_bytes)),
             bytes_text(static_cast<int64_t>(found.memory.bytes_per_image)),
             bytes_text(found.limit_bytes), bytes_text(found.margin_bytes));
  fmt::print("a micro-batch of {} fits: predicted {}, a real step took {}{}\n",
             human_count(found.largest_microbatch), bytes_text(found.predicted_peak_bytes),
             bytes_text(found.measured_peak_bytes),
             found.is_limited_by_memory ? "" : "; larger ones were not looked at");
  const bool fits = evaluation.bytes <= found.limit_bytes;
  fmt::print("an evaluation batch of {} needs about {}{}\n", human_count(evaluation.batch_size),
             bytes_text(evaluation.bytes),
             fits ? "" : ", which does not fit: it will be made smaller");
  fmt::print("\n{:>11}  {:>9}  {:>19}  {:>10}\n", "micro-batch", "images/s",
             fmt::format("({:.0f} % interval)", 100 * confidence_of(found)), "memory");
  for (const autotune::SizeResult& row : found.curve) {
    fmt::print(
        "{:>11}  {:>9.1f}  {:>19}  {:>10}{}{}\n", row.microbatch, row.images_per_s.median,
        fmt::format("{:.1f} to {:.1f}", row.images_per_s.low, row.images_per_s.high),
        bytes_text(row.peak_bytes), marks_of(found, row.microbatch),
        row.rounds < found.rounds ? fmt::format("  (far off after {} rounds)", row.rounds) : "");
  }
  fmt::print("\n{}\n", found.reason);
}

ordered_json tuning_json(const autotune::MicrobatchTuning& found,
                         const EvaluationNeed& evaluation) {
  ordered_json curve = ordered_json::array();
  for (const autotune::SizeResult& row : found.curve) {
    curve.push_back({{"microbatch", row.microbatch},
                     {"images_per_s", row.images_per_s.median},
                     {"low", row.images_per_s.low},
                     {"high", row.images_per_s.high},
                     {"peak_bytes", row.peak_bytes},
                     {"rounds", row.rounds}});
  }
  return {{"microbatch", found.microbatch},
          {"images_per_s", found.images_per_s},
          {"largest_microbatch", found.largest_microbatch},
          {"is_limited_by_memory", found.is_limited_by_memory},
          {"predicted_peak_bytes", found.predicted_peak_bytes},
          {"measured_peak_bytes", found.measured_peak_bytes},
          {"limit_bytes", found.limit_bytes},
          {"margin_bytes", found.margin_bytes},
          {"memory",
           {{"base_bytes", found.memory.base_bytes},
            {"bytes_per_image", found.memory.bytes_per_image},
            {"residual", found.memory.residual}}},
          {"evaluation",
           {{"batch_size", evaluation.batch_size}, {"predicted_peak_bytes", evaluation.bytes}}},
          {"rounds", found.rounds},
          {"reason", found.reason},
          {"curve", curve}};
}

std::string tuning_chart(const autotune::MicrobatchTuning& found, const std::string& model) {
  draw::Chart chart{.title = fmt::format("{}: images/s over micro-batch", model),
                    .subtitle = found.reason,
                    .x = {.label = "micro-batch", .scale = draw::Scale::kLog2},
                    .y = {.label = "images/s", .from_zero = true}};
  draw::Series series{.name = model};
  for (const autotune::SizeResult& row : found.curve) {
    series.points.push_back(
        {.x = static_cast<double>(row.microbatch),
         .y = row.images_per_s.median,
         .y_interval = draw::Interval{row.images_per_s.low, row.images_per_s.high},
         .detail = bytes_text(row.peak_bytes)});
  }
  chart.series.push_back(std::move(series));
  chart.marks.push_back({static_cast<double>(found.microbatch), found.images_per_s,
                         fmt::format("{}", found.microbatch)});
  if (found.is_limited_by_memory) {
    chart.x_guides.push_back({static_cast<double>(found.largest_microbatch), "largest that fits"});
  }
  return draw::chart_svg(chart);
}

void print_precisions(const std::vector<autotune::PrecisionResult>& results) {
  fmt::print("{:>9}  {:>14}  {:>9}  {:>10}  {:>8}\n", "precision", "layout", "images/s", "memory",
             "loss");
  const size_t best = autotune::fastest(results);
  for (size_t i = 0; i < results.size(); ++i) {
    const autotune::PrecisionResult& row = results[i];
    fmt::print("{:>9}  {:>14}  {:>9.1f}  {:>10}  {:>8}{}{}\n", train::to_string(row.precision),
               layout_of(row), row.images_per_s, bytes_text(row.peak_bytes),
               std::isnan(row.loss) ? "-" : fmt::format("{:.4f}", row.loss),
               i == best ? "  <- fastest" : "", row.is_refused ? "  " + row.reason : "");
  }
}

ordered_json precisions_json(const std::vector<autotune::PrecisionResult>& results) {
  ordered_json rows = ordered_json::array();
  for (const autotune::PrecisionResult& row : results) {
    rows.push_back({{"precision", train::to_string(row.precision)},
                    {"channels_last", row.channels_last},
                    {"images_per_s", row.images_per_s},
                    {"peak_bytes", row.peak_bytes},
                    {"loss", row.loss},
                    {"refused", row.is_refused}});
    if (row.is_refused) rows.back()["reason"] = row.reason;
  }
  return {{"rows", rows}};
}

std::string precisions_chart(const std::vector<autotune::PrecisionResult>& results) {
  draw::BarChart chart{.title = "images/s by precision and layout"};
  for (const autotune::PrecisionResult& row : results) {
    chart.bars.push_back(
        {.name = fmt::format("{}, {}", train::to_string(row.precision), layout_of(row)),
         .value = row.images_per_s,
         .text = !row.is_refused        ? ""
                 : std::isnan(row.loss) ? "given up"
                                        : "refused: its loss departs"});
  }
  return draw::bars_svg(chart);
}

void print_lr_range(const tuning::LrRange& range) {
  const auto line = [](const char* what, const std::optional<double>& value) {
    fmt::print("{:<34}  {}\n", what, value ? fmt::format("{:.3g}", *value) : "not found");
  };
  fmt::print("{} steps, rates from {:.3g} to {:.3g}\n", range.points.size(),
             range.points.front().lr, range.points.back().lr);
  line("steepest descent of the loss at", range.steepest);
  line("it diverges from", range.diverges_at);
  std::optional<double> tenth;
  if (range.diverges_at) tenth = *range.diverges_at / 10;
  line("a tenth of that", tenth);
  line("suggestion", range.suggestion);
  fmt::print("{}\n", range.reason);
}

ordered_json lr_range_json(const tuning::LrRange& range) {
  ordered_json points = ordered_json::array();
  for (const tuning::LrPoint& point : range.points)
    points.push_back({{"lr", point.lr}, {"loss", point.loss}, {"smoothed", point.smoothed}});
  const auto number = [](const std::optional<double>& value) {
    return value ? ordered_json(*value) : ordered_json();
  };
  return {{"suggestion", number(range.suggestion)},
          {"steepest", number(range.steepest)},
          {"diverges_at", number(range.diverges_at)},
          {"reason", range.reason},
          {"points", points}};
}

std::string lr_range_chart(const tuning::LrRange& range) {
  draw::Chart chart{.title = "loss over learning rate",
                    .subtitle = range.reason,
                    .x = {.label = "learning rate", .scale = draw::Scale::kLog},
                    .y = {.label = "loss"}};
  draw::Series raw{.name = "each step", .line = false, .faint = true};
  draw::Series smoothed{.name = "smoothed", .points_shown = false};
  for (const tuning::LrPoint& point : range.points) {
    raw.points.push_back({point.lr, point.loss});
    smoothed.points.push_back({point.lr, point.smoothed});
  }
  chart.series = {std::move(raw), std::move(smoothed)};
  if (range.diverges_at) chart.x_guides.push_back({*range.diverges_at, "diverges"});
  if (range.suggestion) {
    chart.x_guides.push_back(
        {*range.suggestion, fmt::format("suggestion: {:.3g}", *range.suggestion)});
  }
  return draw::chart_svg(chart);
}

void print_critical_batch(const autotune::CriticalBatch& found) {
  fmt::print("branches from step {}, {} images each\n\n", found.step, human_count(found.images));
  fmt::print("{:>8}  {:>6}  {:>9}  {:>8}  {:>9}  {:>20}\n", "batch", "steps", "rate", "loss",
             "excess", "(least to most)");
  for (const autotune::Branch& row : found.branches) {
    const bool is_own = &row == &found.branches.front();
    fmt::print(
        "{:>8}  {:>6}  {:>9.3g}  {:>8.4f}  {:>9}  {:>20}{}\n", row.batch_size, row.steps, row.lr,
        row.loss, is_own ? "" : fmt::format("{:+.1f} %", 100 * row.excess),
        is_own ? ""
               : fmt::format("{:+.1f} to {:+.1f} %", 100 * row.excess_low, 100 * row.excess_high),
        row.keeps_up ? "" : "  <- falls behind");
  }
  fmt::print("\n{}\n", found.reason);
}

ordered_json critical_batch_json(const autotune::CriticalBatch& found) {
  ordered_json rows = ordered_json::array();
  for (const autotune::Branch& row : found.branches) {
    rows.push_back({{"batch_size", row.batch_size},
                    {"steps", row.steps},
                    {"lr", row.lr},
                    {"losses", row.losses},
                    {"loss", row.loss},
                    {"excess", row.excess},
                    {"keeps_up", row.keeps_up},
                    {"is_sure", row.is_sure}});
  }
  return {{"step", found.step},
          {"images", found.images},
          {"largest_that_keeps_up", found.largest_that_keeps_up},
          {"is_bounded", found.is_bounded},
          {"reason", found.reason},
          {"branches", rows}};
}

std::string critical_batch_chart(const autotune::CriticalBatch& found) {
  draw::Chart chart{
      .title = fmt::format("validation loss after {} images", human_count(found.images)),
      .subtitle = found.reason,
      .x = {.label = "batch", .scale = draw::Scale::kLog2},
      .y = {.label = "loss"}};
  draw::Series series{.name = "loss"};
  for (const autotune::Branch& row : found.branches) {
    series.points.push_back(
        {.x = static_cast<double>(row.batch_size),
         .y = row.loss,
         .y_interval = draw::Interval{std::ranges::min(row.losses), std::ranges::max(row.losses)}});
  }
  chart.series.push_back(std::move(series));
  return draw::chart_svg(chart);
}

}  // namespace stoker::app
