#include "stoker/models/mobile_network.h"

#include <cmath>
#include <string>
#include <vector>

#include "stoker/models/chain.h"
#include "stoker/models/check.h"
#include "stoker/models/mobile_attention.h"
#include "stoker/nn/drop_path.h"

namespace stoker::models {
namespace {

// Each block of a stage with its own stride, and channels and repeats scaled.
std::vector<MobileSpec> blocks_of(const MobileStage& stage,
                                  const MobileArchitecture& architecture) {
  std::vector<MobileSpec> blocks;
  for (MobileSpec spec : stage) {
    spec.channels = round_channels(static_cast<double>(spec.channels) * architecture.width);
    const auto repeats =
        static_cast<int64_t>(std::ceil(static_cast<double>(spec.repeats) * architecture.depth));
    for (int64_t i = 0; i < repeats; ++i) {
      blocks.push_back(spec);
      spec.stride = 1;
    }
  }
  return blocks;
}

// Returns the channels that come out.
int64_t add_stages(Network& network, int64_t channels, const MobileArchitecture& architecture,
                   double drop_path) {
  std::vector<std::vector<MobileSpec>> stages;
  int64_t count = 0, index = 0;
  for (const MobileStage& stage : parse_stages(architecture.stages)) {
    stages.push_back(blocks_of(stage, architecture));
    count += static_cast<int64_t>(stages.back().size());
  }
  for (size_t stage = 0; stage < stages.size(); ++stage) {
    for (size_t block = 0; block < stages[stage].size(); ++block) {
      const MobileSpec& spec = stages[stage][block];
      // timm counts to the number of blocks here, not to the last of them.
      const double rate = nn::drop_path_rate(drop_path, index++, count + 1);
      network.add(
          fmt::format("blocks.{}.{}", stage, block),
          make_mobile_block({.spec = spec, .in = channels, .drop_path = rate}, architecture.style));
      channels = spec.channels;
    }
  }
  return channels;
}

void add_head(Network& network, int64_t channels, const MobileArchitecture& architecture) {
  using Head = MobileArchitecture::Head;
  const MobileStyle& style = architecture.style;
  ConvShape shape{.in = channels, .out = architecture.features, .same = style.same_padding};
  if (architecture.head == Head::kBeforePool) {
    network.add_conv("conv_head", shape, "bn2", style.activation, style.norm);
    network.pool();
    return;
  }
  network.pool();
  if (architecture.head == Head::kBehindPoolWithNorm) {
    network.add_conv("conv_head", shape, "norm_head", style.activation, style.norm);
    return;
  }
  shape.bias = true;
  const Conv conv = make_conv(shape);
  network.add({{"conv_head", conv}},
              [conv, activation = style.activation](const at::Tensor& x, bool) {
                return nn::activate(activation, convolve(*conv, x));
              });
}

}  // namespace

std::shared_ptr<Model> build_mobile(const MobileArchitecture& architecture,
                                    const NetworkOptions& options, const ModelContext& context) {
  const MobileStyle& style = architecture.style;
  const double stem_width = architecture.widens_stem ? architecture.width : 1;
  const int64_t stem = round_channels(static_cast<double>(architecture.stem) * stem_width);
  auto network = std::make_shared<Network>(options);
  network->add_conv(
      "conv_stem",
      {.in = context.channels, .out = stem, .kernel = 3, .stride = 2, .same = style.same_padding},
      "bn1", style.activation, style.norm);
  add_head(*network, add_stages(*network, stem, architecture, options.drop_path), architecture);
  network->classify("classifier", architecture.features, context.classes);
  initialize(*network, {.filters = Filters::kFanOutOfGroup, .classifier = Classifier::kUniformOut});
  initialize_mobile_attention(*network);
  return network;
}

ModelTable::Row mobile_row(std::string_view name, std::string_view help,
                           const MobileArchitecture& architecture) {
  return ModelTable::row<NetworkOptions>(
      name, help, [name, architecture](const NetworkOptions& options, const ModelContext& context) {
        check_context(name, context, {});
        return build_mobile(architecture, options, context);
      });
}

}  // namespace stoker::models
