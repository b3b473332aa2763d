// Where this process stands among the ranks of a training, as the environment of a launcher says.
//
//   const Place place = find_place(process_environment());
//   if (!place.is_alone()) …
//
// Known are, in this order: stoker's own launcher (--devices), torchrun, Slurm's srun, Open MPI,
// MPICH and what starts as it does, and whatever sets RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT
// by itself, as Kubernetes' jobs do.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace stoker::launch {

// The value of an environment variable.
using Environment = std::function<std::optional<std::string>(const char* name)>;
Environment process_environment();

struct Place {
  int64_t rank = 0, world = 1;              // among all ranks
  int64_t local_rank = 0, local_world = 1;  // among those of this host
  std::string launcher;                     // for messages: "torchrun"; "" where there is none
  // Where all ranks meet: rank 0 serves there, or the launcher's agent.
  std::string master_address;
  int master_port = 0;
  bool has_agent = false;     // the launcher serves
  int64_t attempt = 0;        // how often the launcher has started all ranks before
  int store_descriptor = -1;  // a socket that listens at the address already, for rank 0

  bool is_alone() const { return world == 1; }
};

// Throws ConfigError, naming the variables, where they contradict each other or say too little.
Place find_place(const Environment& environment);

// The hosts that start ranks of their own, each by `stoker … --devices N`.
struct Nodes {
  int64_t count = 1, index = 0;
  std::string master_address;  // of node 0; "" where there is one node
  int master_port = 0;
};

// What PET_NNODES and its like say (Kubeflow's trainer), or a launcher that starts one process a
// host. Throws ConfigError where the launcher has started a rank for each device already.
Nodes find_nodes(const Environment& environment);

// Of this host, as other hosts know it; "" where it has none.
std::string host_name();

// The first host of a list as Slurm writes it: "gpu[07-09,12],a1" → "gpu07".
std::string first_host(std::string_view hosts);
// Tasks on the node of this index, of a list as Slurm writes it: "2(x3),1" → 2, 2, 2, 1. Nothing
// where it has no such node or is none.
std::optional<int64_t> tasks_on_node(std::string_view tasks, int64_t node);

}  // namespace stoker::launch
