#include "stoker/models/model.h"

#include <array>

#include "stoker/nn/recompute.h"

namespace stoker::models {

std::span<const std::string_view> enum_names(Recompute) {
  static constexpr std::array<std::string_view, 3> kNames{"none", "norms", "blocks"};
  return kNames;
}

void Model::set_recompute(Recompute rung) {
  for (const Recompute possible : recompute_rungs())
    if (possible <= rung) recompute_ = possible;
}

at::Tensor Model::run_block(const nn::BlockGate::Piece& piece,
                            const nn::BlockGate::Parameters& parameters, const at::Tensor& x,
                            bool is_last) const {
  if (recompute_ != Recompute::kBlocks || is_last) return gate_->run(parameters, piece, x);
  const auto again = [&](const at::Tensor& in) { return nn::recompute(piece, parameters(), in); };
  return gate_->run(parameters, again, x);
}

at::Tensor Model::run_segments(const at::Tensor& images) {
  at::Tensor x = images;
  for (const Segment& segment : segments()) x = segment.run(x);
  return x;
}

std::vector<std::vector<std::string>> Model::layers() const {
  std::vector<std::vector<std::string>> layers;
  for (const auto& child : named_children()) {
    if (!child.value()->parameters().empty()) layers.push_back({child.key() + "."});
  }
  return layers;
}

}  // namespace stoker::models
