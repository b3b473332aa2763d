// MaxViT (Tu et al., "MaxViT: Multi-axis Vision Transformer", 2022). timm's parameter names; rows
// with _tf_ are the paper's networks, _rw_ those of timm's author.
#include <array>
#include <string>
#include <vector>

#include "stoker/models/check.h"
#include "stoker/models/families.h"
#include "stoker/models/maxvit_block.h"
#include "stoker/models/network.h"
#include "stoker/models/tokens.h"
#include "stoker/nn/drop_path.h"

namespace stoker::models {
namespace {

// A window, and a grid, has a token for each this many pixels.
constexpr int64_t kPixels = 32;

class MaxVit : public Network {
 public:
  MaxVit(const NetworkOptions& options, const MapSize& window)
      : Network(options), window_(window) {}

  bool takes_any_size() const override { return false; }

  std::vector<PositionGrid> position_grids() const override {
    std::vector<PositionGrid> grids;
    for (const auto& parameter : named_parameters())
      if (parameter.key().ends_with("relative_position_bias_table"))
        grids.push_back({parameter.key(), 0, 2 * window_.height - 1, 2 * window_.width - 1});
    return grids;
  }

 private:
  MapSize window_;
};

void add_maxvit_stem(Network& network, const MaxVitDesign& design, int64_t channels) {
  const bool paper = design.as_paper;
  network.add_conv("stem.conv1",
                   {.in = channels,
                    .out = design.stem[0],
                    .kernel = 3,
                    .stride = 2,
                    .bias = paper,
                    .same = paper},
                   "stem.norm1", design.conv_activation(), design.norm());
  const Conv conv = make_conv(
      {.in = design.stem[0], .out = design.stem[1], .kernel = 3, .bias = paper, .same = paper});
  network.add({{"stem.conv2", conv}},
              [conv](const at::Tensor& x, bool) { return convolve(*conv, x); });
}

void add_maxvit_head(Network& network, const MaxVitDesign& design, int64_t classes) {
  const int64_t width = design.widths.back();
  const LayerNorm norm = make_layer_norm(width, design.layer_norm_eps());
  if (!design.as_paper) {
    network.add({{"norm", norm}}, [norm](const at::Tensor& x, bool) {
      return norm->forward(x.permute({0, 2, 3, 1})).permute({0, 3, 1, 2});
    });
    network.pool();
  } else {
    network.pool();
    const Linear hidden = make_linear(width, width);
    network.add({{"head.norm", norm}, {"head.pre_logits.fc", hidden}},
                [norm, hidden](const at::Tensor& x, bool) {
                  return hidden->forward(norm->forward(x.flatten(1))).tanh();
                });
  }
  network.classify("head.fc", width, classes);
}

std::shared_ptr<Model> build_maxvit(const MaxVitDesign& design, const NetworkOptions& options,
                                    const ModelContext& context) {
  const MapSize window{context.height / kPixels, context.width / kPixels};
  auto network = std::make_shared<MaxVit>(options, window);
  add_maxvit_stem(*network, design, context.channels);
  int64_t channels = design.stem[1], index = 0, count = 0;
  for (const int64_t depth : design.depths) count += depth;
  for (size_t stage = 0; stage < design.depths.size(); ++stage) {
    for (int64_t block = 0; block < design.depths[stage]; ++block) {
      const MaxVitBlockShape shape{
          .in = channels,
          .out = design.widths[stage],
          .stride = block == 0 ? 2 : 1,
          .window = window,
          .drop_path = nn::drop_path_rate(options.drop_path, index++, count)};
      network->add(fmt::format("stages.{}.blocks.{}", stage, block),
                   make_maxvit_block(shape, design));
      channels = shape.out;
    }
  }
  add_maxvit_head(*network, design, context.classes);
  initialize(*network, {.filters = Filters::kFanOutOfGroup});
  draw_maxvit_blocks(*network);
  return network;
}

}  // namespace

ModelTable::Rows maxvit_rows() {
  const auto row = [](std::string_view name, std::string_view help, const MaxVitDesign& design) {
    return ModelTable::row<NetworkOptions>(
        name, help, [=](const NetworkOptions& options, const ModelContext& context) {
          check_context(name, context, {.height = kPixels, .width = kPixels});
          check_multiple(name, context, kPixels);
          return build_maxvit(design, options, context);
        });
  };
  constexpr std::array<int64_t, 4> kShallow{2, 2, 5, 2}, kDeep{2, 6, 14, 2};
  return {
      row("maxvit_tiny_tf_224", "MaxViT, tiny", {{64, 128, 256, 512}, kShallow, {64, 64}}),
      row("maxvit_small_tf_224", "MaxViT, small", {{96, 192, 384, 768}, kShallow, {64, 64}}),
      row("maxvit_base_tf_224", "MaxViT, base", {{96, 192, 384, 768}, kDeep, {64, 64}}),
      row("maxvit_large_tf_224", "MaxViT, large", {{128, 256, 512, 1024}, kDeep, {128, 128}}),
      row("maxvit_nano_rw_256", "MaxViT, nano, as timm's author trained it",
          {{64, 128, 256, 512}, {1, 2, 3, 1}, {32, 64}, false}),
      row("maxvit_tiny_rw_224", "MaxViT, tiny, as timm's author trained it",
          {{64, 128, 256, 512}, kShallow, {32, 64}, false}),
  };
}

}  // namespace stoker::models
