// How the ranks of a training are laid out, and the groups that follow from it.
//
//   dist.mesh: {data: 2, shard: 2, pipeline: 2}
//
//                      copy 0           copy 1
//   stage 0:         rank 0  rank 1   rank 2  rank 3     each rank of a stage has images of its own
//   stage 1:         rank 4  rank 5   rank 6  rank 7     below each is the next stage of its images
//
//   replicas()   the ranks of this one's stage: they sum gradients, and share the images
//   dividing()   of them, those among which dist.shard divides (0, 1)
//   stages()     the ranks of this one's column (0, 4), by stage
#pragma once

#include <cstdint>
#include <memory>

#include "stoker/dist/group.h"
#include "stoker/dist/options.h"

namespace stoker::dist {

struct MeshShape {
  int64_t data = 1, shard = 1, pipeline = 1;

  int64_t replicas() const { return data * shard; }
};

// Throws ConfigError where the ranks cannot be laid out so. One rank alone has no mesh.
MeshShape mesh_shape(const DistOptions& options, int64_t ranks);

class Mesh {
 public:
  // All ranks make it at the same time; `all` must outlive it. Throws PeerFailed.
  Mesh(Group& all, const MeshShape& shape);

  const MeshShape& shape() const { return shape_; }
  Group& all() { return all_; }
  Group& replicas();
  // What is exchanged goes over the ranks among which is divided, sums go on to those of other
  // copies that have the same part; gradients that stay whole are summed over replicas().
  Group& dividing() { return dividing_ ? *dividing_ : replicas(); }
  // Two of the same ranks, so that what goes down does not wait for what comes back. Alone without
  // a pipeline.
  Group& stages() { return stages_ ? *stages_ : alone(); }
  Group& stages_back() { return stages_back_ ? *stages_back_ : alone(); }

 private:
  Group& all_;
  MeshShape shape_;
  std::unique_ptr<Group> replicas_, shard_, copies_, dividing_, stages_, stages_back_;
};

}  // namespace stoker::dist
