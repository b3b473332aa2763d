#include "stoker/parallel/stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "stoker/core/error.h"
#include "stoker/weights/learning_parameters.h"
#include "stoker/weights/state_dict.h"

namespace stoker::parallel {

namespace {

at::Device device_of(const models::Model& model) { return model.parameters().front().device(); }

std::vector<models::Segment> segments_of(models::Model& model, const Split& split, size_t stage) {
  const std::vector<models::Segment> all = model.segments();
  const auto at = [&](size_t index) { return all.begin() + static_cast<std::ptrdiff_t>(index); };
  return {at(split.first[stage]), at(split.end(stage, all.size()))};
}

}  // namespace

Stage::Stage(dist::Mesh& mesh, models::Model& model, const Split& split)
    : mesh_(mesh),
      model_(model),
      index_(mesh.stages().rank()),
      count_(split.stages()),
      first_segment_(split.first[static_cast<size_t>(index_)]),
      segments_(segments_of(model, split, static_cast<size_t>(index_))),
      down_(mesh.stages(), device_of(model), count_ - index_),
      back_(mesh.stages_back(), device_of(model), count_) {
  bool learns = false;
  for (const auto& [name, parameter] : weights::learning_parameters(model)) {
    if (has(name)) {
      learns = true;
    } else {
      learning_elsewhere_.push_back(name);
    }
  }
  if (learns) return;
  throw ConfigError(
      fmt::format("the stage {} of {} (dist.mesh.pipeline) has no parameter that learns: expected "
                  "fewer stages, or another dist.pipeline.split or model.freeze",
                  index_ + 1, count_));
}

void Stage::begin() {
  for (const auto& [name, tensor] : weights::state_dict(model_)) {
    if (has(name)) continue;
    if (tensor.requires_grad()) tensor.set_requires_grad(false);
    tensor.storage().set_data_ptr_noswap({nullptr, tensor.device()});
  }
}

at::Tensor Stage::run(const at::Tensor& x) const {
  at::Tensor y = x;
  for (const models::Segment& segment : segments_) y = segment.run(y);
  return y;
}

bool Stage::has(const std::string& name) const {
  return std::ranges::any_of(segments_,
                             [&](const models::Segment& segment) { return is_of(segment, name); });
}

std::vector<at::Tensor> Stage::own_buffers() const {
  std::vector<at::Tensor> buffers;
  for (const auto& item : model_.named_buffers()) {
    if (has(item.key())) buffers.push_back(item.value());
  }
  return buffers;
}

std::vector<StageFacts> stage_facts(models::Model& model, const Split& split,
                                    const std::vector<SegmentCost>& costs) {
  const std::vector<models::Segment> all = model.segments();
  double total = 0;
  for (const SegmentCost& cost : costs) total += cost.seconds;
  std::vector<StageFacts> facts;
  for (size_t stage = 0; stage < split.first.size(); ++stage) {
    StageFacts& one = facts.emplace_back();
    for (size_t i = split.first[stage]; i < split.end(stage, all.size()); ++i) {
      const models::Segment& segment = all[i];
      if (i < costs.size()) one.share += costs[i].seconds / total;
      for (const auto& item : model.named_parameters())
        one.parameters += is_of(segment, item.key()) ? item.value().numel() : 0;
      if (one.first.empty() && !segment.prefixes.empty()) one.first = segment.prefixes.front();
    }
    if (one.first.ends_with('.')) one.first.pop_back();
  }
  return facts;
}

}  // namespace stoker::parallel
