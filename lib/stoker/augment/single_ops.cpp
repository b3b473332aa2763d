// Steps that are one operation with fixed parameters, applied with a probability: random_grayscale,
// random_posterize, random_solarize, random_autocontrast, random_equalize, random_invert,
// random_sharpness. Names, parameters and defaults are torchvision's.
#include "stoker/augment/rows.h"

namespace stoker::augment {
namespace {

using kernels::OpKind;

class SingleOp : public ImageStep {
 public:
  SingleOp(OpKind kind, double parameter, double probability)
      : op_{kind, {static_cast<float>(parameter)}}, probability_(static_cast<float>(probability)) {}

  int most_ops() const override { return 1; }
  void append(Size, RandomStream& random, kernels::Program& program) const override {
    if (random.coin(probability_)) program.add(op_);
  }

 private:
  kernels::Op op_;
  float probability_;
};

// Of every step here, after its parameter.
void describe_probability(double& probability, config::Fields& fields) {
  fields("probability", probability, "of changing an image").in(0, 1);
}

struct PlainOptions {
  double probability = 0.5;
};
void describe(PlainOptions& o, config::Fields& fields) {
  describe_probability(o.probability, fields);
}

struct PosterizeOptions {
  int64_t bits = 4;
  double probability = 0.5;
};
void describe(PosterizeOptions& o, config::Fields& fields) {
  fields("bits", o.bits, "kept of each value's 8").in(0, 8);
  describe_probability(o.probability, fields);
}

struct SolarizeOptions {
  double threshold = 128;
  double probability = 0.5;
};
void describe(SolarizeOptions& o, config::Fields& fields) {
  fields("threshold", o.threshold, "values from this one on, of 0 to 255, are inverted").in(0, 255);
  describe_probability(o.probability, fields);
}

struct SharpnessOptions {
  double factor = 2;
  double probability = 0.5;
};
void describe(SharpnessOptions& o, config::Fields& fields) {
  fields("factor", o.factor, "0 smooths, 1 changes nothing, 2 sharpens").in(0, 100);
  describe_probability(o.probability, fields);
}

// An operation without a parameter.
StepTable::Row plain_row(std::string_view name, std::string_view help, OpKind kind,
                         PlainOptions defaults = {}) {
  return StepTable::row<PlainOptions>(
      name, help,
      [kind](const PlainOptions& o) -> Step {
        return std::make_unique<SingleOp>(kind, 0, o.probability);
      },
      defaults);
}

// An operation with the parameter that this member holds.
template <class Options, class Value>
StepTable::Row row_with(Value Options::*parameter, std::string_view name, std::string_view help,
                        OpKind kind) {
  return StepTable::row<Options>(name, help, [kind, parameter](const Options& o) -> Step {
    return std::make_unique<SingleOp>(kind, static_cast<double>(o.*parameter), o.probability);
  });
}

}  // namespace

StepTable::Row random_grayscale_row() {
  return plain_row("random_grayscale", "now and then without colour", OpKind::kGrayscale,
                   {.probability = 0.1});
}

StepTable::Row random_posterize_row() {
  return row_with(&PosterizeOptions::bits, "random_posterize", "fewer bits for each value",
                  OpKind::kPosterize);
}

StepTable::Row random_solarize_row() {
  return row_with(&SolarizeOptions::threshold, "random_solarize", "the bright values inverted",
                  OpKind::kSolarize);
}

StepTable::Row random_sharpness_row() {
  return row_with(&SharpnessOptions::factor, "random_sharpness", "sharper or smoother",
                  OpKind::kSharpness);
}

StepTable::Row random_autocontrast_row() {
  return plain_row("random_autocontrast", "each channel stretched to the full range",
                   OpKind::kAutocontrast);
}

StepTable::Row random_equalize_row() {
  return plain_row("random_equalize", "each channel's histogram made flat", OpKind::kEqualize);
}

StepTable::Row random_invert_row() {
  return plain_row("random_invert", "the negative", OpKind::kInvert);
}

}  // namespace stoker::augment
