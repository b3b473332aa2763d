// A small but complete set of options for the tests: every kind of field stands in it once.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/config/choice.h"
#include "stoker/config/fields.h"

namespace stoker::test {

enum class Precision { kFp32, kBf16, kFp16 };
inline std::span<const std::string_view> enum_names(Precision) {
  static constexpr std::array<std::string_view, 3> kNames = {"fp32", "bf16", "fp16"};
  return kNames;
}

struct GroupOptions {
  std::string match;
  double lr_factor = 1;
};
inline void describe(GroupOptions& o, config::Fields& fields) {
  fields("match", o.match, "expression found in the parameter's name").required();
  fields("lr_factor", o.lr_factor, "times the learning rate").at_least(0);
}

struct SgdOptions {
  double lr = 0.1;
  double momentum = 0.9;
  bool nesterov = false;
  std::vector<GroupOptions> groups;
};
inline void describe(SgdOptions& o, config::Fields& fields) {
  fields("lr", o.lr, "peak learning rate").positive();
  fields("momentum", o.momentum, "decay of the velocity").in(0, 1);
  fields("nesterov", o.nesterov, "look ahead along the velocity");
  fields("groups", o.groups, "parameters with factors of their own");
}

struct AdamOptions {
  double lr = 1e-3;
  double eps = 1e-8;
};
inline void describe(AdamOptions& o, config::Fields& fields) {
  fields("lr", o.lr, "peak learning rate").positive();
  fields("eps", o.eps, "keeps the division finite").positive();
}

struct PadCropOptions {
  int64_t size = 32;
  int64_t pad = 4;
  std::string mode = "zero";
};
inline void describe(PadCropOptions& o, config::Fields& fields) {
  fields("size", o.size, "side of the output in pixels").positive();
  fields("pad", o.pad, "pixels added on each side").in(0, 100);
  fields("mode", o.mode, "what the border is made of").one_of({"zero", "reflect"});
}

struct FlipOptions {
  double p = 0.5;
};
inline void describe(FlipOptions& o, config::Fields& fields) {
  fields("p", o.p, "probability").in(0, 1);
}

struct NoOptions {};
inline void describe(NoOptions&, config::Fields&) {}

// Builds the row's number; enough to see which one was taken.
using TestTable = config::Table<int()>;

inline const TestTable& optimizers() {
  static const TestTable table{
      TestTable::row<SgdOptions>("sgd", "stochastic gradient descent",
                                 [](const SgdOptions&) { return 0; }),
      TestTable::row<AdamOptions>("adam", "adaptive moments", [](const AdamOptions&) { return 1; }),
      TestTable::row<AdamOptions>("adamw", "Adam with decoupled decay",
                                  [](const AdamOptions&) { return 2; }, {.eps = 1e-7}),
  };
  return table;
}

inline const TestTable& augmentations() {
  static const TestTable table{
      TestTable::row<PadCropOptions>("pad_crop", "pads, then crops",
                                     [](const PadCropOptions&) { return 0; }),
      TestTable::row<FlipOptions>("flip", "mirrors left and right",
                                  [](const FlipOptions&) { return 1; }),
      TestTable::row<NoOptions>("gray", "drops the colour", [](const NoOptions&) { return 2; }),
  };
  return table;
}

struct TrainOptions {
  double epochs = 10;
  int64_t batch_size = 256;
  std::optional<int64_t> microbatch;
  Precision precision = Precision::kFp32;
};
inline void describe(TrainOptions& o, config::Fields& fields) {
  fields("epochs", o.epochs, "passes over the data; fractions are allowed").positive();
  fields("batch_size", o.batch_size, "samples per optimizer step, over all devices")
      .at_least(1)
      .fixed_on_resume("the position in the data is counted in samples");
  fields("microbatch", o.microbatch, "samples per device at a time").at_least(1);
  fields("precision", o.precision, "of the arithmetic");
}

struct TestOptions {
  std::string name = "run";
  int64_t seed = 0;
  std::optional<double> clip;
  std::optional<std::string> device;
  std::vector<int64_t> widths = {64, 256};
  std::vector<double> mean;
  std::vector<std::string> tags;
  TrainOptions train;
  config::Choice optimizer = optimizers().pick("sgd");
  std::vector<config::Choice> augment;
};
inline void describe(TestOptions& o, config::Fields& fields) {
  fields("name", o.name, "of the run's folder");
  fields("seed", o.seed, "of everything that is drawn").fixed_on_resume("draws would repeat");
  fields("clip", o.clip, "largest norm of the gradient").positive().unset_as("none");
  fields("device", o.device, "where to train");
  fields("widths", o.widths, "channels of each group").positive();
  fields("mean", o.mean, "of each channel").in(0, 1);
  fields("tags", o.tags, "words to find the run by");
  fields("train", o.train, "the loop");
  fields("optimizer", o.optimizer, optimizers(), "what follows the gradient")
      .fixed_on_resume("its state would not fit");
  fields("augment", o.augment, augmentations(), "changes made to each image, in order");
}

}  // namespace stoker::test
