// What a config says under `dist:`.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/config/fields.h"

namespace stoker::dist {

// auto: NCCL where each rank has a GPU of its own, else Gloo.
enum class Backend { kAuto, kNccl, kGloo };
std::span<const std::string_view> enum_names(Backend);  // auto, nccl, gloo

// In what type gradients travel.
enum class Compression { kNone, kBf16, kFp16 };
std::span<const std::string_view> enum_names(Compression);  // none, bf16, fp16

// What ranks divide among themselves.
enum class Shard { kNone, kOptimizer, kGradients, kParameters };
// none, optimizer, gradients, parameters
std::span<const std::string_view> enum_names(Shard);

// How many ranks there are of each kind (mesh.h): their product is the number of ranks.
struct MeshOptions {
  std::optional<int64_t> data;   // unset: as many as are left
  std::optional<int64_t> shard;  // unset: all that data leaves, where `shard` divides anything
  int64_t pipeline = 1;
};
void describe(MeshOptions& options, config::Fields& fields);

// What the stages of mesh.pipeline are made of.
struct PipelineOptions {
  std::vector<std::string> split;  // empty: by measured times
};
void describe(PipelineOptions& options, config::Fields& fields);

struct DistOptions {
  Backend backend = Backend::kAuto;
  double join_timeout_s = 120;
  double timeout_s = 600;
  double grace_s = 25;
  std::string interface;  // of the network; empty: that of the route to rank 0
  double bucket_mib = 25;
  Compression compress = Compression::kNone;
  Shard shard = Shard::kNone;
  bool reshard = true;
  int64_t local_steps = 0;  // 0: gradients are exchanged at each step
  double local_after = 0;   // epochs
  MeshOptions mesh;
  PipelineOptions pipeline;
};
void describe(DistOptions& options, config::Fields& fields);

}  // namespace stoker::dist
