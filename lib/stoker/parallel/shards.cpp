#include "stoker/parallel/shards.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_strided.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "stoker/core/error.h"
#include "stoker/parallel/blocks.h"
#include "stoker/parallel/shard_exchange.h"
#include "stoker/weights/learning_parameters.h"
#include "stoker/weights/tensor_bytes.h"

namespace stoker::parallel {

namespace {

using weights::bytes_of, weights::learning_parameters, weights::NamedTensors;

void check(const NamedTensors& parameters) {
  const at::Tensor& first = parameters.front().second;
  for (const auto& [name, parameter] : parameters) {
    if (parameter.is_non_overlapping_and_dense() && parameter.device() == first.device() &&
        parameter.scalar_type() == first.scalar_type())
      continue;
    throw ConfigError(fmt::format(
        "dist.shard: the parameter {} is not laid out, or not of the type, as the others, and "
        "cannot be divided among ranks. Set dist.shard: none.",
        name));
  }
}

c10::ScalarType travelling_type(dist::Compression compress, c10::ScalarType own) {
  switch (compress) {
    case dist::Compression::kBf16:
      return at::kBFloat16;
    case dist::Compression::kFp16:
      return at::kHalf;
    case dist::Compression::kNone:
      break;
  }
  return own;
}

int64_t whole_bytes(const FlatUnit& unit) { return unit.values() * unit.value_bytes(); }

}  // namespace

Shards::Shards(dist::Group& group, models::Model& model, const models::ModelContext& context,
               const ShardsOptions& options)
    : group_(group), model_(model), options_(options) {
  const NamedTensors learning = learning_parameters(model);
  STOKER_CHECK(!learning.empty(), "nothing learns: {} parameters", model.parameters().size());
  check(learning);
  if (options.divides_parameters) add_blocks(context);
  add_rest();
}

void Shards::add(const NamedTensors& parameters, FlatUnit::Keeps keeps) {
  const c10::ScalarType own = parameters.front().second.scalar_type();
  for (size_t i = 0; i < parameters.size(); ++i)
    place_of_.emplace(parameters[i].first, std::pair{units_.size(), i});
  units_.push_back(
      std::make_unique<Unit>(group_, parameters, keeps, travelling_type(options_.compress, own)));
}

void Shards::add_blocks(const models::ModelContext& context) {
  std::map<const void*, std::string> names;
  for (const auto& [name, parameter] : learning_parameters(model_))
    names.emplace(parameter.unsafeGetTensorImpl(), name);
  std::vector<std::vector<at::Tensor>> blocks = learning_blocks(model_, context);
  std::reverse(blocks.begin(), blocks.end());
  for (const std::vector<at::Tensor>& block : blocks) {
    NamedTensors parameters;
    for (const at::Tensor& parameter : block) {
      const std::string& name = names.at(parameter.unsafeGetTensorImpl());
      parameters.emplace_back(name, parameter);
      const bool is_new = in_parts_.insert(name).second;
      STOKER_CHECK(is_new, "two blocks share the parameter {}", name);
    }
    add(parameters, FlatUnit::Keeps::kPart);
    block_units_.insert(block_units_.begin(), &units_.back()->flat);
  }
}

// So that whole gradients are a small part of all.
int64_t Shards::rest_unit_bytes() const {
  constexpr int64_t kLeastUnits = 16, kLeastBytes = 64 << 10;
  const int64_t all = bytes_of(learning_parameters(model_));
  return std::min(options_.unit_bytes, std::max(all / kLeastUnits, kLeastBytes));
}

// Gradients come from the last layer to the first.
void Shards::add_rest() {
  NamedTensors rest = learning_parameters(model_);
  std::erase_if(rest, [&](const auto& item) { return in_parts_.contains(item.first); });
  std::reverse(rest.begin(), rest.end());
  const int64_t most = rest_unit_bytes();
  NamedTensors unit;
  for (const auto& item : rest) {
    const bool is_full = !unit.empty() && bytes_of(unit) + bytes_of({item}) > most;
    if (is_full) {
      add(unit, FlatUnit::Keeps::kAll);
      unit.clear();
    }
    unit.push_back(item);
  }
  if (!unit.empty()) add(unit, FlatUnit::Keeps::kAll);
}

void Shards::begin() {
  for (const auto& unit : units_) unit->flat.divide();
  if (block_units_.empty()) return;
  open_blocks_ = std::make_shared<OpenBlocks>(block_units_, options_.reshard);
  model_.set_gate(open_blocks_);
}

ShardBytes Shards::bytes() const {
  ShardBytes bytes;
  int64_t largest = 0, largest_block = 0, shared = 0;
  for (const auto& unit : units_) {
    const FlatUnit& flat = unit->flat;
    const bool is_block = flat.keeps() == FlatUnit::Keeps::kPart;
    const int64_t part = flat.part_size() * flat.value_bytes();
    bytes.parameters += is_block ? part : whole_bytes(flat);
    bytes.gradients += part;
    largest = std::max(largest, whole_bytes(flat));
    if (is_block) {
      largest_block = std::max(largest_block, whole_bytes(flat));
    } else {
      shared += part;
    }
  }
  // Gradients: one unit being made, two on their way. Blocks: one at work, and the next.
  constexpr int64_t kGradientUnits = 3, kOpenBlocks = 2;
  const int64_t open = options_.reshard ? kOpenBlocks : std::max<int64_t>(kOpenBlocks, blocks());
  bytes.transient = std::max(kGradientUnits * largest + open * largest_block, shared);
  return bytes;
}

int64_t Shards::values_in_blocks() const {
  int64_t values = 0;
  for (const FlatUnit* unit : block_units_) {
    for (const FlatUnit::Member& member : unit->members()) values += member.parameter.numel();
  }
  return values;
}

std::optional<optim::Division::Part> Shards::part_of(const std::string& name, const at::Tensor&) {
  const auto [unit, member] = place_of_.at(name);
  return units_[unit]->flat.part_of(member);
}

std::unique_ptr<dist::GradientExchange> Shards::exchange(const NamedTensors& parameters) {
  STOKER_CHECK(parameters.size() == place_of_.size(), "{} parameters learn, {} are divided",
               parameters.size(), place_of_.size());
  std::vector<ExchangedUnit> units;
  for (const auto& unit : units_) units.push_back({&unit->flat, &unit->gradient});
  ShardExchangeOptions options{.waits_within_pass = open_blocks_ != nullptr};
  if (open_blocks_) options.at_end = [blocks = open_blocks_] { blocks->close_all(); };
  return std::make_unique<ShardExchange>(std::move(units), std::move(options));
}

void Shards::drop_gradients() {
  for (const auto& unit : units_) unit->gradient.drop();
}

void Shards::share() {
  std::vector<std::unique_ptr<dist::Pending>> under_way;
  for (const auto& unit : units_) {
    if (unit->flat.keeps() == FlatUnit::Keeps::kAll) under_way.push_back(unit->flat.begin_share());
  }
  for (const auto& pending : under_way) pending->wait();
}

weights::NamedTensors Shards::gather() {
  const at::NoGradGuard no_grad;
  NamedTensors whole;
  for (FlatUnit* unit : block_units_) {
    unit->open();
    for (const FlatUnit::Member& member : unit->members()) {
      if (!group_.is_first()) break;
      const at::Tensor& parameter = member.parameter;
      const at::Tensor copy =
          at::empty_strided(parameter.sizes(), parameter.strides(),
                            at::TensorOptions().dtype(parameter.scalar_type()).device(at::kCPU));
      whole.emplace_back(member.name, copy.copy_(parameter));
    }
    unit->close();
  }
  return whole;
}

}  // namespace stoker::parallel
