#include "stoker/inspect/first_config.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"
#include "stoker/core/shown_list.h"
#include "stoker/core/text.h"
#include "stoker/core/utf8.h"
#include "stoker/data/check.h"
#include "stoker/data/guess.h"
#include "stoker/data/split_names.h"
#include "stoker/decode/decode.h"

namespace stoker::inspect {
namespace {

namespace fs = std::filesystem;

using data::FoundSplit;

struct Look {
  int64_t images = 0, classes = 0;
  int32_t short_side = 0;  // the median
  bool same_size = true;
  bool gray = false;
};

Look look_at(const data::Dataset& dataset) {
  constexpr int64_t kMost = 256;
  const int64_t count = std::min(dataset.size(), kMost);
  decode::Decoder decoder;
  std::vector<std::byte> scratch;
  std::vector<std::pair<int32_t, int32_t>> sizes;
  Look look{.images = dataset.size(), .classes = std::ssize(dataset.class_names()), .gray = true};
  std::string reason;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t index = i * dataset.size() / count;
    try {
      const data::Record record = dataset.get(index, scratch);
      decode::ImageInfo info{.width = record.pixels.width,
                             .height = record.pixels.height,
                             .channels = record.pixels.channels};
      if (!record.is_decoded()) info = decoder.probe(record.encoded, dataset.name(index));
      sizes.emplace_back(info.width, info.height);
      look.gray = look.gray && info.channels == 1;
    } catch (const DataError& error) {
      reason = error.what();  // `data verify` lists all
    }
  }
  if (sizes.empty())
    throw DataError(fmt::format("not one of {} images can be read: {}", count, reason));
  look.same_size = std::ranges::all_of(
      sizes, [&](const auto& size) { return size == sizes.front() && size.first == size.second; });
  std::vector<int32_t> sides;
  sides.reserve(sizes.size());
  for (const auto& [width, height] : sizes) sides.push_back(std::min(width, height));
  std::ranges::nth_element(sides, sides.begin() + std::ssize(sides) / 2);
  look.short_side = sides[sides.size() / 2];
  return look;
}

// By the end of their names, as in imagenet-train.
const FoundSplit* named(const std::vector<FoundSplit>& splits, data::NamedSplit which) {
  const auto found = std::ranges::find(
      splits, which, [](const FoundSplit& split) { return data::split_at_end_of(split.name); });
  return found == splits.end() ? nullptr : &*found;
}

const FoundSplit& training_of(const std::vector<FoundSplit>& splits) {
  const FoundSplit* train = named(splits, data::NamedSplit::kTrain);
  return train != nullptr ? *train : splits.front();
}

// The split to evaluate on; null where the training set has to give one.
const FoundSplit* validation_of(const std::vector<FoundSplit>& splits) {
  for (const data::NamedSplit which : {data::NamedSplit::kVal, data::NamedSplit::kTest})
    if (const FoundSplit* split = named(splits, which); split && split != &training_of(splits))
      return split;
  return nullptr;
}

// A value of the config, in quotes. YAML is UTF-8, so that no file of it holds another name.
std::string quoted(const std::string& name) {
  for (std::string_view rest = name; !rest.empty();) {
    const size_t length = utf8_length(rest);
    if (length == 0)
      throw DataError(fmt::format(
          "{}: the name is not UTF-8 text, which a config has to be: rename it, or make a "
          "link to it under another name",
          shown(name)));
    rest.remove_prefix(length);
  }
  return json_string(name);
}

std::string data_lines(const std::vector<FoundSplit>& splits) {
  const data::DataOptions& train = training_of(splits).options;
  std::string text =
      fmt::format("data:\n  format: {}\n  root: {}\n  train: {}\n", train.format.name(),
                  quoted(train.root), quoted(train.train.empty() ? "." : train.train));
  if (train.labels) text += fmt::format("  labels: {}\n", quoted(*train.labels));
  if (const FoundSplit* val = validation_of(splits))
    return text + fmt::format("  val: {}\n", quoted(val->options.val));
  return text + "  split: {val: 0.1}  # no validation set was found: a tenth of the images\n";
}

std::string augment_lines(const Look& look, bool digits) {
  std::string text = "augment:\n";
  if (look.short_side <= 40 && look.same_size)
    text += fmt::format("  - pad_crop: {{size: {}, pad: 2, mode: reflect}}\n", look.short_side);
  else
    text += fmt::format("  - random_resized_crop: {{size: {}, scale: [0.25, 1]}}\n",
                        look.short_side <= 40   ? 32
                        : look.short_side <= 96 ? 64
                        : look.short_side < 256 ? 128
                                                : (look.images < 20'000 ? 128 : 224));
  if (!digits) text += "  - flip: {horizontal: random}\n";
  if (look.gray || look.short_side <= 40)
    return text + "  - normalize: {mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}\n";
  return text + "  - normalize: {mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}\n";
}

// Refuses what training would refuse. Manifests that lie in the folder may be what was meant.
void check_classes(const data::Dataset& dataset, const fs::path& path) {
  try {
    data::check_training_set(dataset);
  } catch (const DataError& error) {
    const std::vector<std::string> manifests = data::manifests_in(path);
    if (manifests.empty()) throw;
    throw DataError(fmt::format(
        "{}; {} holds {} too: for the images that a manifest names, `stoker config init {}`",
        error.what(), shown(path.string()), shown_list(manifests),
        shown((path / manifests.front()).string())));
  }
}

// airbench halves the image once a group, then takes three pixels together.
std::string_view model_for(int64_t short_side) {
  constexpr int64_t kThreeGroups = 25, kTwoGroups = 13, kSmall = 40;
  if (short_side > kSmall) return "resnet18";
  if (short_side >= kThreeGroups) return "{name: airbench, widths: [32, 64, 128]}";
  if (short_side >= kTwoGroups) return "{name: airbench, widths: [32, 64]}";
  return "{name: mlp, hidden: [256]}";
}

}  // namespace

std::string first_config(const std::filesystem::path& path) {
  const std::vector<FoundSplit> splits = data::find_splits(path);
  const FoundSplit& train = training_of(splits);
  const auto dataset = data::open_dataset(train.options, train.split);
  check_classes(*dataset, path);
  const Look look = look_at(*dataset);
  const int64_t batch = look.images < 500      ? 16
                        : look.images < 5'000  ? 64
                        : look.images < 50'000 ? 128
                                               : 256;
  const auto epochs =
      std::clamp<int64_t>(std::llround(300'000.0 / static_cast<double>(look.images)), 10, 60);
  return fmt::format(
      "# {} images of {} classes in {}, the short side about {} px.\n"
      "{}{}{}model: {}\n"
      "optimizer: {{name: adamw, lr: 1.0e-3, weight_decay: 0.05, no_decay_norm_bias: true}}\n"
      "schedule: {{name: cosine, warmup_epochs: 1}}\n"
      "train: {{epochs: {}, batch_size: {}, {}}}\n",
      human_count(look.images), look.classes, quoted(path.string()), look.short_side,
      train.options.multilabel ? "task: multilabel\n" : "", data_lines(splits),
      augment_lines(look, train.options.format.name() == "idx"), model_for(look.short_side), epochs,
      batch, train.options.multilabel ? "loss: bce" : "label_smoothing: 0.1");
}

}  // namespace stoker::inspect
