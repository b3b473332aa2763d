// Networks on patches against timm's, and what all of them promise.
#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "models/golden.h"
#include "stoker/core/error.h"
#include "stoker/models/convmixer.h"
#include "stoker/models/convnext.h"
#include "stoker/models/flops.h"
#include "stoker/models/mixer.h"
#include "stoker/models/swin.h"
#include "stoker/models/vit.h"
#include "support/catch.h"

namespace stoker::models {
namespace {

using Build = std::shared_ptr<Model> (*)(const ModelContext&);

// The small networks of the goldens, by the name of their family and their options.
const std::map<std::string, Build> kSmall{
    {"vit plain", [](const ModelContext& c) { return build_vit({}, c); }},
    {"vit average",
     [](const ModelContext& c) {
       return build_vit({.depth = 3, .pool = TokenPool::kAvg, .qkv_bias = false}, c);
     }},
    {"vit registers",
     [](const ModelContext& c) {
       return build_vit({.depth = 3, .embeds_prefix = false, .registers = 3, .layer_scale = 0.1},
                        c);
     }},
    {"convnext convolutions",
     [](const ModelContext& c) {
       return build_convnext({.depths = {1, 1, 2, 1}, .widths = {8, 16, 24, 40}, .conv_mlp = true},
                             c);
     }},
    {"convnext linear",
     [](const ModelContext& c) {
       return build_convnext({.depths = {1, 1, 2, 1}, .widths = {8, 16, 24, 40}}, c);
     }},
    {"convnext response",
     [](const ModelContext& c) {
       return build_convnext({.depths = {1, 1, 2, 1},
                              .widths = {8, 16, 24, 40},
                              .conv_mlp = true,
                              .response_norm = true,
                              .layer_scale = 0},
                             c);
     }},
    {"swin rectangle",
     [](const ModelContext& c) {
       return build_swin({.width = 16, .heads = 1, .depths = {2, 2, 2, 2}, .drop_path = 0}, c);
     }},
    {"swin gray",
     [](const ModelContext& c) {
       return build_swin({.width = 16, .heads = 1, .depths = {1, 2, 2, 1}, .drop_path = 0}, c);
     }},
    {"mixer small",
     [](const ModelContext& c) { return build_mixer({.width = 40, .depth = 2}, c); }},
    {"convmixer gelu",
     [](const ModelContext& c) {
       return build_convmixer({.width = 24, .depth = 2, .kernel = 9, .patch = 7}, c);
     }},
    {"convmixer relu",
     [](const ModelContext& c) {
       return build_convmixer(
           {.width = 24, .depth = 2, .kernel = 5, .patch = 4, .activation = nn::Activation::kRelu},
           c);
     }},
};

const std::vector<std::string> kFamilies{"vit", "convnext", "swin", "mixer", "convmixer"};

config::Choice pick(const std::string& name) {
  config::Choice choice = models().pick(name);
  if (name.starts_with("swin")) choice.as<SwinOptions>().drop_path = 0;
  return choice;
}

TEST_CASE("networks on patches agree with timm's", "[models]") {
  for (const std::string& family : kFamilies) {
    for (const auto& row : test::golden_rows(family)) {
      if (!row.contains("options")) continue;
      const std::string name = family + " " + row.at("options").get<std::string>();
      INFO(name);
      test::check_against_golden(*kSmall.at(name)(test::context_of(row)), row);
    }
  }
}

TEST_CASE("every name of timm's is timm's network", "[.][zoo]") {
  for (const std::string& family : kFamilies) {
    for (const auto& row : test::golden_rows(family)) {
      if (!row.contains("name")) continue;
      const std::string name = row.at("name");
      INFO(name);
      test::check_against_golden(*models().build(pick(name), test::context_of(row)), row);
    }
  }
}

TEST_CASE("torchvision's names are the same networks as timm's", "[models]") {
  const std::map<std::string, std::string> same{{"vit_b_16", "vit_base_patch16_224"},
                                                {"vit_b_32", "vit_base_patch32_224"},
                                                {"vit_l_16", "vit_large_patch16_224"},
                                                {"vit_l_32", "vit_large_patch32_224"}};
  for (const auto& [ours, timm] : same) {
    INFO(ours);
    const auto a = models().pick(ours).as<VitOptions>(), b = models().pick(timm).as<VitOptions>();
    CHECK(std::tie(a.patch, a.width, a.depth, a.heads) ==
          std::tie(b.patch, b.width, b.depth, b.heads));
  }
  CHECK(models().pick("swin_b").as<SwinOptions>().depths ==
        models().pick("swin_base_patch4_window7_224").as<SwinOptions>().depths);
  CHECK(models().pick("swin_s").as<SwinOptions>().width == 96);
}

// timm's table of results for 224 x 224 has 1.26, 4.6 and 0.55 GMACs, products of attention
// included.
TEST_CASE("multiply-adds of networks on patches", "[models]") {
  const ModelContext context{.classes = 1000, .height = 224, .width = 224};
  const auto gmacs = [&](const std::string& name) {
    return static_cast<double>(forward_flops(*models().build(pick(name), context), context)) / 2e9;
  };
  CHECK(gmacs("vit_tiny_patch16_224") == Approx(1.26).margin(0.01));
  CHECK(gmacs("convnext_atto") == Approx(0.55).margin(0.01));
}

// --- What all of them promise, at a tiny size.

const ModelContext kContext{.classes = 5, .height = 32, .width = 48};

const std::map<std::string, Build> kDropping{
    {"vit",
     [](const ModelContext& c) {
       return build_vit(
           {.depth = 3, .registers = 2, .layer_scale = 0.5, .drop_path = 0.4, .dropout = 0.3}, c);
     }},
    {"convnext",
     [](const ModelContext& c) {
       return build_convnext({.depths = {1, 2, 2, 1},
                              .widths = {8, 16, 24, 40},
                              .layer_scale = 0.5,
                              .drop_path = 0.4,
                              .dropout = 0.3},
                             c);
     }},
    {"convnextv2",
     [](const ModelContext& c) {
       return build_convnext({.depths = {1, 2, 2, 1},
                              .widths = {8, 16, 24, 40},
                              .conv_mlp = true,
                              .response_norm = true,
                              .layer_scale = 0,
                              .drop_path = 0.4},
                             c);
     }},
    {"swin",
     [](const ModelContext& c) {
       return build_swin(
           {.width = 16, .heads = 1, .depths = {2, 2, 2, 2}, .drop_path = 0.4, .dropout = 0.3}, c);
     }},
    {"mixer",
     [](const ModelContext& c) {
       return build_mixer({.width = 40, .depth = 3, .drop_path = 0.4, .dropout = 0.3}, c);
     }},
    {"convmixer",
     [](const ModelContext& c) {
       return build_convmixer({.width = 24, .depth = 3, .kernel = 5, .patch = 4, .dropout = 0.3},
                              c);
     }},
};

using Named = std::vector<std::pair<std::string, at::Tensor>>;

// Logits, gradients and buffers after two micro-batches.
Named train(Build build, Recompute rung, bool bfloat16, at::MemoryFormat format) {
  at::manual_seed(5);
  const auto model = build(kContext);
  for (at::Tensor& parameter : model->parameters()) {
    at::Tensor value = parameter.detach() + 0.02 * at::randn(parameter.sizes());  // none is zero
    if (parameter.dim() == 4) value = value.contiguous(format);
    parameter.set_data(value);
  }
  model->set_recompute(rung);
  Named all;
  for (uint64_t step = 0; step < 2; ++step) {
    at::manual_seed(step);
    const at::Tensor images = at::randn({3, 3, kContext.height, kContext.width}).contiguous(format);
    at::autocast::set_autocast_enabled(at::kCPU, bfloat16);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    const at::Tensor logits = model->forward(images);
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
    all.emplace_back("logits", logits.detach());
    logits.to(at::kFloat).square().sum().backward();
  }
  for (const auto& p : model->named_parameters()) all.emplace_back(p.key(), p.value().grad());
  for (const auto& b : model->named_buffers()) all.emplace_back(b.key(), b.value());
  return all;
}

void check_same_bits(const Named& ours, const Named& theirs) {
  REQUIRE(ours.size() == theirs.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    INFO(ours[i].first);
    REQUIRE(ours[i].second.defined());
    CHECK(ours[i].second.equal(theirs[i].second));
  }
}

TEST_CASE("blocks that are made again give the same bits, whatever is dropped", "[models]") {
  for (const auto& [name, build] : kDropping) {
    for (const bool bfloat16 : {false, true}) {
      INFO(name << " bfloat16 " << bfloat16);
      const Named kept = train(build, Recompute::kNone, bfloat16, at::MemoryFormat::ChannelsLast);
      check_same_bits(train(build, Recompute::kBlocks, bfloat16, at::MemoryFormat::ChannelsLast),
                      kept);
      check_same_bits(train(build, Recompute::kNone, bfloat16, at::MemoryFormat::ChannelsLast),
                      kept);
    }
  }
}

TEST_CASE("every parameter learns, in either layout, from 1 and 4 channels to one class",
          "[models]") {
  for (const auto& [name, build] : kDropping) {
    for (const int64_t channels : {1, 4}) {
      INFO(name << " of " << channels);
      const auto model = build({.classes = 1, .channels = channels, .height = 48, .width = 32});
      // The branches of all samples may be dropped, so that several passes count.
      for (int pass = 0; pass < 4; ++pass)
        model->forward(at::randn({3, channels, 48, 32})).sum().backward();
      model->eval();
      const at::NoGradGuard no_grad;
      const at::Tensor images = at::randn({2, channels, 48, 32});
      const at::Tensor logits = model->forward(images);
      REQUIRE(logits.sizes() == at::IntArrayRef({2, 1}));
      CHECK(model->forward(images.contiguous(at::MemoryFormat::ChannelsLast))
                .allclose(logits, 1e-4, 1e-5));
      for (const auto& p : model->named_parameters()) {
        INFO(p.key());
        REQUIRE(p.value().grad().defined());
        CHECK(p.value().grad().isfinite().all().item<bool>());
      }
    }
  }
}

TEST_CASE("layers of networks on patches are those of timm's layer decay", "[models]") {
  const auto count = [](const char* name) { return kDropping.at(name)(kContext)->layers().size(); };
  CHECK(count("vit") == 1 + 3 + 2);       // the stem, blocks, the norm and the head
  CHECK(count("convnext") == 1 + 6 + 1);  // the norm is the head's
  CHECK(count("swin") == 1 + 8 + 2);
  CHECK(count("mixer") == 1 + 3 + 2);
  CHECK(count("convmixer") == 1 + 3 + 1);
  for (const auto& [name, build] : kDropping) {
    const auto model = build(kContext);
    for (const auto& parameter : model->named_parameters()) {
      int found = 0;
      for (const auto& layer : model->layers())
        for (const std::string& prefix : layer) found += parameter.key().starts_with(prefix);
      INFO(name << " " << parameter.key());
      CHECK(found == 1);
    }
    CHECK(model->layers().back().back() == model->head());
  }
}

TEST_CASE("sizes that a network on patches cannot take are refused, others are taken", "[models]") {
  using Catch::Contains;
  const ModelContext odd{.classes = 3, .height = 33, .width = 47};
  CHECK_THROWS_WITH(build_vit({}, odd),
                    Contains("multiples of 16, got 33 x 47") && Contains("32 x 48 under augment"));
  CHECK_THROWS_AS(build_mixer({}, odd), ConfigError);
  CHECK_THROWS_AS(build_vit({}, {.classes = 3, .height = 0, .width = 16}), ConfigError);
  CHECK_THROWS_AS(build_convnext({}, {.classes = 3, .height = 31, .width = 47}), ConfigError);
  CHECK_THROWS_AS(build_swin({}, {.classes = 3, .height = 3, .width = 47}), ConfigError);
  CHECK_THROWS_AS(build_vit({}, {.classes = 0, .height = 32, .width = 32}), ConfigError);
  const at::NoGradGuard no_grad;
  for (const char* name : {"convnext", "swin", "convmixer"}) {
    INFO(name);
    const auto model = kDropping.at(name)(odd);
    CHECK(model->forward(at::zeros({1, 3, 33, 47})).size(1) == 3);
  }
}

}  // namespace
}  // namespace stoker::models
