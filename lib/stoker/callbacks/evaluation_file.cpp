#include "stoker/callbacks/evaluation_file.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "stoker/callbacks/batch_picture.h"
#include "stoker/core/error.h"
#include "stoker/core/json_text.h"
#include "stoker/core/log.h"
#include "stoker/decode/decode.h"
#include "stoker/decode/jpeg_writer.h"
#include "stoker/draw/drawing.h"
#include "stoker/report/html.h"
#include "stoker/runs/layout.h"
#include "stoker/train/metric_names.h"

namespace stoker::callbacks {

namespace {

using nlohmann::ordered_json;
using train::Event;

constexpr size_t kMostExamples = 24;
constexpr int32_t kPictureSide = 144, kTile = 144;

// Pictures of samples, small enough for a page.
class Thumbnails {
 public:
  Thumbnails(const data::Dataset& images, int64_t max_pixels)
      : images_(images), decoder_({.max_pixels = max_pixels}) {}

  // Adds the picture; leaves it out where the image cannot be read.
  void add_to(ordered_json& example, int64_t sample) {
    try {
      data::Record record = images_.get(sample, file_);
      if (!record.is_decoded())
        record.pixels = decoder_.decode(record.encoded, images_.name(sample), buffer_);
      const kernels::ImageView& image = record.pixels;
      const int32_t side = std::min(kPictureSide, std::max(image.width, image.height));
      draw::Drawing drawing(side, side, {255, 255, 255});
      drawing.place(image, 0, 0, side);
      const bool is_small = side < kPictureSide / 2;
      const auto bytes = is_small ? decode::encode_png(drawing.view())
                                  : decode::encode_jpeg(drawing.view(), {.quality = 85});
      example["small"] = is_small;
      example["picture"] =
          report::data_uri({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    } catch (const Error& error) {
      log().debug("no picture of {}: {}", images_.name(sample), error.what());
    }
  }

 private:
  const data::Dataset& images_;
  decode::Decoder decoder_;
  std::vector<std::byte> file_;
  std::vector<uint8_t> buffer_;
};

ordered_json confusion_json(const metrics::ClassificationResult& result) {
  ordered_json cells = ordered_json::array();
  for (size_t truth = 0; truth < result.confusion.size(); ++truth)
    for (size_t guess = 0; guess < result.confusion[truth].size(); ++guess)
      if (const int64_t count = result.confusion[truth][guess]; count > 0)
        cells.push_back({truth, guess, count});
  return cells;
}

ordered_json per_class_json(const metrics::ClassificationResult& result) {
  ordered_json rows = ordered_json::array();
  for (const auto& row : result.per_class) {
    rows.push_back({row.images, row.precision, row.recall, row.f1});
    if (!result.is_multilabel) continue;
    for (const double figure : {row.average_precision, row.best_threshold, row.best_f1})
      rows.back().push_back(figure);
  }
  return rows;
}

ordered_json guess_json(const metrics::Guess& guess) {
  ordered_json guesses = ordered_json::array();
  for (size_t i = 0; i < guess.classes.size(); ++i)
    if (guess.classes[i] >= 0) guesses.push_back({guess.classes[i], guess.probabilities[i]});
  return {
      {"sample", guess.sample}, {"label", guess.label}, {"loss", guess.loss}, {"guesses", guesses}};
}

// Each image once, with the reasons that it is shown for.
std::vector<std::pair<size_t, ordered_json>> chosen(const std::vector<metrics::Guess>& guesses) {
  const metrics::NotableGuesses notable = metrics::notable(guesses, kMostExamples);
  std::vector<std::pair<size_t, ordered_json>> list;
  const auto add = [&](const std::vector<size_t>& indices, const char* why) {
    for (const size_t i : indices) {
      auto found = std::ranges::find(list, i, &std::pair<size_t, ordered_json>::first);
      if (found == list.end()) {
        list.emplace_back(i, ordered_json::array());
        found = list.end() - 1;
      }
      found->second.push_back(why);
    }
  };
  add(notable.wrong, "wrong");
  add(notable.uncertain, "uncertain");
  add(notable.pairs, "pair");
  return list;
}

class EvaluationFile : public train::Callback {
 public:
  EvaluationFile(FileSystem& files, EvaluationFacts facts, const std::filesystem::path& folder)
      : files_(files), facts_(std::move(facts)), folder_(folder) {}

  void observe(Event event, const train::View& view) override {
    const train::State& state = view.state;
    if (event == Event::kBatchReady) write_batch(state, *view.batch);
    if (event == Event::kEvalDone && state.eval) write(state, /*has_pictures=*/false);
    // One that was loaded with a checkpoint has no guesses: its file is there already.
    if (event == Event::kFitDone && state.eval && !state.eval->guesses.empty())
      write(state, /*has_pictures=*/true);
  }

 private:
  void write(const train::State& state, bool has_pictures) {
    const train::EvalRecord& eval = *state.eval;
    const metrics::ClassificationResult& result = eval.result;
    ordered_json json{{"step", eval.step}, {"epoch", eval.epoch}, {"images", result.images}};
    for (const train::EvalMetric& metric : train::eval_metrics())
      if (metric.is_of(result.is_multilabel))
        json[std::string(metric.key())] = result.*metric.value;
    if (result.is_multilabel) json["threshold"] = result.threshold;
    json["classes"] = state.facts.class_names;
    json["per_class"] = per_class_json(result);
    json["confusion"] = confusion_json(result);
    json["calibration"] = ordered_json::array();
    for (const auto& bin : result.calibration)
      json["calibration"].push_back({bin.images, bin.confidence, bin.accuracy});
    json["examples"] = examples_json(eval, has_pictures);
    write_file_atomically(files_, folder_ / runs::kEvaluationFile,
                          as_bytes(json_text(json) + "\n"));
  }

  ordered_json examples_json(const train::EvalRecord& eval, bool has_pictures) const {
    ordered_json list = ordered_json::array();
    if (!facts_.images) return list;
    Thumbnails pictures(*facts_.images, facts_.max_pixels);
    for (auto& [index, why] : chosen(eval.guesses)) {
      ordered_json example = guess_json(eval.guesses[index]);
      example["file"] = facts_.images->key(eval.guesses[index].sample);
      example["why"] = std::move(why);
      if (has_pictures) pictures.add_to(example, eval.guesses[index].sample);
      list.push_back(std::move(example));
    }
    return list;
  }

  // The first of a run: one that goes on has it.
  void write_batch(const train::State& state, const train::MicroBatch& batch) {
    if (std::exchange(has_batch_, true)) return;
    const std::filesystem::path path = folder_ / runs::kBatchPicture;
    if (std::filesystem::exists(path)) return;
    const Picture picture = batch_picture(batch.images, train::targets_of(batch),
                                          state.facts.class_names, facts_.normalization,
                                          /*most=*/25, kTile, PictureFormat::kJpeg);
    write_file_atomically(files_, path, picture.bytes);
  }

  FileSystem& files_;
  EvaluationFacts facts_;
  std::filesystem::path folder_;
  bool has_batch_ = false;
};

}  // namespace

std::unique_ptr<train::Callback> make_evaluation_file(FileSystem& files, EvaluationFacts facts,
                                                      const std::filesystem::path& folder) {
  return std::make_unique<EvaluationFile>(files, std::move(facts), folder);
}

}  // namespace stoker::callbacks
