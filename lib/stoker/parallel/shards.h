// Gradients, and parameters, of a network divided among ranks: stages 2 and 3 of ZeRO (Rajbhandari
// et al. 2020, sections 5.2 and 5.3), the third by blocks as FSDP does it (Zhao et al. 2023).
//
//   auto shards = std::make_shared<Shards>(group, model, context, options);
//   optimizer = optim::make_sharded(group, groups, build, shards);
//   …initial weights, or those of a checkpoint, go into the model…
//   shards->begin();                    // from here on a rank has its parts
//
// Parameters that learn are put into units, one after another in memory; each rank has an equal
// part of each unit, its gradients and its optimizer state. Stage 2 has units of neighbouring
// parameters, which all ranks have whole. Stage 3 has a unit a block, whole only for the block's
// passes (open_blocks.h), and what belongs to no block, such as the classifier, is as in stage 2.
// Names, shapes and layouts of parameters stay.
//
//   backward  gradients of a unit → sum → part's gradient          shard_exchange.h
//   update    part of the parameters, by the optimizer's state      optim/sharded.h
//   share()   units that all ranks keep: parts → all ranks
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "stoker/dist/group.h"
#include "stoker/dist/options.h"
#include "stoker/models/model.h"
#include "stoker/optim/division.h"
#include "stoker/parallel/flat_unit.h"
#include "stoker/parallel/open_blocks.h"
#include "stoker/parallel/unit_gradient.h"

namespace stoker::parallel {

struct ShardsOptions {
  bool divides_parameters = false;  // stage 3
  bool reshard = true;
  int64_t unit_bytes =
      25 << 20;  // at most, of units that are no blocks, unless a parameter is more
  dist::Compression compress = dist::Compression::kNone;
};

// Of this rank.
struct ShardBytes {
  int64_t parameters = 0;  // that learn
  int64_t gradients = 0;
  int64_t transient = 0;  // while a step goes on: open blocks, gradients on their way
};

class Shards : public optim::Division {
 public:
  // Nothing is exchanged before begin(), and all parameters are at hand. Throws ConfigError for
  // parameters that cannot lie one after another. group and model must outlive it.
  Shards(dist::Group& group, models::Model& model, const models::ModelContext& context,
         const ShardsOptions& options);

  void begin();
  ShardBytes bytes() const;
  int64_t blocks() const { return static_cast<int64_t>(block_units_.size()); }
  int64_t values_in_blocks() const;

  std::optional<Part> part_of(const std::string& name, const at::Tensor& parameter) override;
  bool divides_gradients() const override { return true; }
  std::unique_ptr<dist::GradientExchange> exchange(const weights::NamedTensors&) override;
  void drop_gradients() override;
  void share() override;
  weights::NamedTensors gather() override;
  bool is_in_parts(const std::string& name) const override { return in_parts_.contains(name); }

 private:
  struct Unit {
    FlatUnit flat;
    UnitGradient gradient;
    Unit(dist::Group& group, const weights::NamedTensors& parameters, FlatUnit::Keeps keeps,
         c10::ScalarType travels)
        : flat(group, parameters, keeps), gradient(group, flat, travels) {}
  };
  void add_blocks(const models::ModelContext& context);
  void add_rest();
  void add(const weights::NamedTensors& parameters, FlatUnit::Keeps keeps);
  int64_t rest_unit_bytes() const;

  dist::Group& group_;
  models::Model& model_;
  ShardsOptions options_;
  std::vector<std::unique_ptr<Unit>> units_;  // in the order of the backward pass
  std::vector<FlatUnit*> block_units_;        // in the order of the forward pass
  std::unordered_map<std::string, std::pair<size_t, size_t>> place_of_;  // unit, member
  std::set<std::string> in_parts_;
  std::shared_ptr<OpenBlocks> open_blocks_;  // once begun, where there are blocks
};

}  // namespace stoker::parallel
