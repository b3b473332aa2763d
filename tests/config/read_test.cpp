#include "stoker/config/read.h"

#include "config/support.h"

using namespace stoker;
using namespace stoker::test;

namespace {

constexpr std::string_view kFull = R"(name: cifar
seed: 7
clip: 1.5
device: "cuda:1"
widths: [8, 16, 32]
mean: [0.5, 0, 1]
tags: [a, 2]
train:
  epochs: 2.5
  batch_size: 1e3
  microbatch: 100
  precision: bf16
optimizer:
  name: sgd
  lr: 1
  nesterov: true
  groups:
    - {match: "norm.*bias", lr_factor: 64}
augment:
  - pad_crop: {pad: 2, mode: reflect}
  - flip
  - flip:
  - gray: {}
)";

}  // namespace

TEST_CASE("every kind of field is read") {
  auto [o, provenance] = read(kFull);
  CHECK(o.name == "cifar");
  CHECK(o.seed == 7);
  CHECK(o.clip == 1.5);
  CHECK(o.device == "cuda:1");
  CHECK(o.widths == std::vector<int64_t>{8, 16, 32});
  CHECK(o.mean == std::vector<double>{0.5, 0, 1});
  CHECK(o.tags == std::vector<std::string>{"a", "2"});
  CHECK(o.train.epochs == 2.5);
  CHECK(o.train.batch_size == 1000);
  CHECK(o.train.microbatch == 100);
  CHECK(o.train.precision == Precision::kBf16);
  REQUIRE(o.optimizer.name() == "sgd");
  const auto& sgd = o.optimizer.as<SgdOptions>();
  CHECK(sgd.lr == 1);
  CHECK(sgd.momentum == 0.9);
  CHECK(sgd.nesterov);
  REQUIRE(sgd.groups.size() == 1);
  CHECK(sgd.groups[0].match == "norm.*bias");
  CHECK(sgd.groups[0].lr_factor == 64);
  REQUIRE(o.augment.size() == 4);
  CHECK(o.augment[0].as<PadCropOptions>().pad == 2);
  CHECK(o.augment[0].as<PadCropOptions>().size == 32);
  CHECK(o.augment[1].name() == "flip");
  CHECK(o.augment[2].as<FlipOptions>().p == 0.5);
  CHECK(o.augment[3].name() == "gray");
  CHECK(to_string(provenance.at("train.batch_size")) == "a.yaml:10");
  CHECK(to_string(provenance.at("optimizer.groups.0.lr_factor")) == "a.yaml:18");
  CHECK(to_string(provenance.at("augment.0.pad_crop.mode")) == "a.yaml:20");
  CHECK(provenance.count("optimizer.momentum") == 0);
}

TEST_CASE("a value alone is a list of one") {
  CHECK(read("widths: 64").options.widths == std::vector<int64_t>{64});
  CHECK(read("mean: 0.5").options.mean == std::vector<double>{0.5});
  CHECK(read("tags: a b").options.tags == std::vector<std::string>{"a b"});
}
