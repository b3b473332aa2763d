#include "stoker/run/fitted_weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "stoker/weights/dialects.h"
#include "stoker/weights/foreign_names.h"
#include "stoker/weights/resized.h"
#include "stoker/weights/state_dict.h"

namespace stoker::run {
namespace {

std::vector<int64_t> without_ones(at::IntArrayRef sizes) {
  std::vector<int64_t> kept;
  for (const int64_t size : sizes)
    if (size != 1) kept.push_back(size);
  return kept;
}

// In the shape of the model's tensor; nothing where that cannot be.
std::optional<at::Tensor> fitted(const models::Model& model, const std::string& name,
                                 const at::Tensor& tensor, at::IntArrayRef wanted) {
  if (without_ones(tensor.sizes()) == without_ones(wanted)) return tensor.reshape(wanted);
  // A linear layer on a flattened map, as torchvision's VGG has it.
  if (tensor.dim() == 2 && wanted.size() == 4 && tensor.size(0) == wanted[0] &&
      tensor.size(1) == wanted[1] * wanted[2] * wanted[3])
    return tensor.reshape(wanted);
  const auto if_wanted = [wanted](std::optional<at::Tensor> made) {
    return made && made->sizes() == wanted ? std::move(made) : std::nullopt;
  };
  if (name == model.stem() && wanted.size() == 4)
    return if_wanted(weights::fit_channels(tensor, wanted[1]));
  for (const models::PositionGrid& grid : model.position_grids())
    if (grid.name == name)
      return if_wanted(weights::resize_positions(tensor, {grid.prefix, grid.height, grid.width}));
  return std::nullopt;
}

}  // namespace

FittedWeights fit_weights(const models::Model& model, weights::NamedTensors tensors) {
  std::map<std::string, at::Tensor> own;
  std::set<std::string> names;
  for (const auto& [name, tensor] : weights::state_dict(model)) {
    own[name] = tensor;
    names.insert(name);
  }
  weights::PlainNames plain = weights::without_wrappers(std::move(tensors), names);
  weights::Translation translation = weights::translate(std::move(plain.tensors), names);
  FittedWeights result{.tensors = std::move(translation.tensors),
                       .prefix = std::move(plain.prefix),
                       .dialect = std::string(translation.dialect),
                       .left_out = std::move(translation.left_out),
                       .changes = {}};
  for (auto& [name, tensor] : result.tensors) {
    const auto target = own.find(name);
    if (target == own.end() || target->second.sizes() == tensor.sizes()) continue;
    const auto made = fitted(model, name, tensor, target->second.sizes());
    if (!made) continue;
    if (made->numel() != tensor.numel())
      result.changes.push_back(fmt::format("{} from [{}] to [{}]", name,
                                           fmt::join(tensor.sizes(), ", "),
                                           fmt::join(made->sizes(), ", ")));
    tensor = *made;
  }
  return result;
}

}  // namespace stoker::run
