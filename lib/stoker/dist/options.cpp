#include "stoker/dist/options.h"

#include <array>

namespace stoker::dist {

std::span<const std::string_view> enum_names(Backend) {
  static constexpr std::array<std::string_view, 3> names{"auto", "nccl", "gloo"};
  return names;
}

std::span<const std::string_view> enum_names(Compression) {
  static constexpr std::array<std::string_view, 3> names{"none", "bf16", "fp16"};
  return names;
}

std::span<const std::string_view> enum_names(Shard) {
  static constexpr std::array<std::string_view, 4> names{"none", "optimizer", "gradients",
                                                         "parameters"};
  return names;
}

namespace {

constexpr double kMostRanks = 1e6;  // of each kind, so that their product is a number of 64 bits

}  // namespace

void describe(MeshOptions& o, config::Fields& fields) {
  fields("data", o.data,
         "ranks, or groups of them, that have the same weights and different images; auto: as many "
         "as are left")
      .positive()
      .at_most(kMostRanks);
  fields("shard", o.shard,
         "neighbouring ranks among which dist.shard divides, so that it stays within a machine; "
         "auto: all that have different images, or as many as data leaves")
      .positive()
      .at_most(kMostRanks);
  fields("pipeline", o.pipeline,
         "stages that the network's blocks are divided into, each the work of ranks of its own; "
         "micro-batches pass through them one after another")
      .positive()
      .at_most(kMostRanks);
}

void describe(PipelineOptions& o, config::Fields& fields) {
  fields(
      "split", o.split,
      "the block with which each stage but the first begins, by the beginning of its parameters' "
      "names, such as [blocks.6]; [] divides by times that are measured at the start");
}

void describe(DistOptions& o, config::Fields& fields) {
  fields(
      "backend", o.backend,
      "what carries gradients: nccl between GPUs, gloo elsewhere; auto: nccl where each rank has "
      "a GPU of its own");
  fields("join_timeout_s", o.join_timeout_s,
         "seconds that ranks wait for each other at the start, before the missing are named and "
         "all end with exit code 4")
      .above(0)
      .at_most(86'400);
  fields("timeout_s", o.timeout_s,
         "seconds that an exchange between ranks may take, before all end with exit code 4")
      .above(0)
      .at_most(86'400);
  fields("grace_s", o.grace_s,
         "seconds that a step or an evaluation under way may take to end after a rank was asked to "
         "stop; later all leave with exit code 75, and the newest checkpoint stands. Less than "
         "the time a scheduler waits before it kills (Slurm's KillWait and Kubernetes: 30 s)")
      .above(0)
      .at_most(86'400);
  fields("interface", o.interface,
         "network interface that ranks talk through, such as eth0; empty: that of the route to the "
         "host of rank 0");
  fields("bucket_mib", o.bucket_mib,
         "size of the pieces in which gradients travel while the backward pass goes on; the first "
         "is 1 MiB")
      .above(0)
      .at_most(4096);
  fields("compress", o.compress,
         "type in which gradients travel: none, that which they have; bf16 or fp16: half of the "
         "bytes, and their rounding");
  fields(
      "shard", o.shard,
      "what ranks divide among themselves to save memory: none; optimizer: each keeps the "
      "optimizer's state of its part of the parameters (ZeRO stage 1); gradients: and the sum of "
      "its part's gradients (stage 2); parameters: and of the blocks' parameters only its part, "
      "while others are gathered for each block's passes (stage 3, FSDP); checkpoints are the "
      "same files");
  fields("reshard", o.reshard,
         "of shard: parameters: a block's parameters are freed after its forward pass and gathered "
         "again for its backward pass; false keeps them in between, which saves a third of what "
         "travels");
  fields("local_steps", o.local_steps,
         "for slow networks: ranks take this many steps by themselves, each with its share of the "
         "batch, and then take the mean of their weights and states (local SGD), in place of "
         "exchanging gradients at each step; 0: they exchange gradients")
      .at_least(0);
  fields("local_after", o.local_after,
         "of local_steps: epochs in which gradients are exchanged before (post-local SGD)")
      .at_least(0)
      .at_most(1e6);
  fields("mesh", o.mesh,
         "how ranks are laid out: data times shard times pipeline of them; one rank alone trains "
         "everything");
  fields("pipeline", o.pipeline, "what the stages of mesh.pipeline are made of");
}

}  // namespace stoker::dist
