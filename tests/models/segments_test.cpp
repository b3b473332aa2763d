// Networks in pieces: what a pipeline runs one after another is the network.
#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>

#include <algorithm>
#include <string>

#include "stoker/models/activations.h"
#include "stoker/models/model.h"
#include "stoker/weights/state_dict.h"
#include "support/catch.h"

using namespace stoker;
using models::Segment;

namespace {

struct Sized {
  const char* name;
  int64_t side;
};

at::Tensor through(const std::vector<Segment>& segments, at::Tensor x) {
  for (const Segment& segment : segments) x = segment.run(x);
  return x;
}

}  // namespace

TEST_CASE("a network is its segments, and each tensor of it is in one of them") {
  for (const Sized& one :
       {Sized{"mlp", 9}, Sized{"airbench", 32}, Sized{"resnet18", 40}, Sized{"mobilenetv2_050", 40},
        Sized{"vit_tiny_patch16_224", 48}, Sized{"convnext_atto", 64}, Sized{"swin_t", 64},
        Sized{"mixer_s32_224", 64}, Sized{"convmixer_768_32", 40}, Sized{"densenet121", 40}}) {
    INFO(one.name);
    at::manual_seed(3);
    const models::ModelContext context{
        .classes = 5, .channels = 3, .height = one.side, .width = one.side};
    const auto model = models::models().build(models::models().pick(one.name), context);
    const std::vector<Segment> segments = model->segments();
    REQUIRE(segments.size() > 2);
    for (const auto& [name, tensor] : weights::state_dict(*model)) {
      INFO(name);
      CHECK(std::ranges::count_if(segments, [&](const Segment& segment) {
              return std::ranges::any_of(segment.prefixes, [&](const std::string& prefix) {
                return name.starts_with(prefix);
              });
            }) == 1);
    }
    model->eval();
    const at::NoGradGuard no_grad;
    const at::Tensor images = at::randn({2, 3, one.side, one.side});
    CHECK(through(segments, images).equal(model->forward(images)));
  }
}

TEST_CASE("what segments keep for the backward pass adds up to what the network keeps") {
  const models::ModelContext context{.classes = 5, .channels = 3, .height = 32, .width = 32};
  const auto model = models::models().build(models::models().pick("resnet18"), context);
  const size_t all = model->segments().size();
  const int64_t whole = models::kept_bytes(*model, context);
  const int64_t first = models::kept_bytes(*model, context, 0, all / 2);
  const int64_t rest = models::kept_bytes(*model, context, all / 2, all - all / 2);
  CHECK(models::kept_bytes(*model, context, 0, all) == whole);
  CHECK(first > 0);
  CHECK(rest > 0);
  // What goes from one to the other is kept on both sides.
  CHECK(first + rest >= whole);
  CHECK(first + rest < whole + whole / 4);
}
