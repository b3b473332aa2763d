// What this rank has of a network that a pipeline divides into stages, and what goes between them.
//
//   Stage stage(mesh, model, split);
//   …initial weights, or those of a checkpoint, go into the model…
//   stage.begin();                        // from here on it has its own pieces alone
//   y = stage.run(x);
//
//   first ── x ──▶ next ── x ──▶ last      down(): activations; labels from the first to the last
//   first ◀─ dx ── next ◀─ dx ── last      back(): their gradients; logits of evaluations to the
//   first
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "stoker/dist/mesh.h"
#include "stoker/models/model.h"
#include "stoker/parallel/lane.h"
#include "stoker/parallel/split.h"
#include "stoker/weights/named_tensors.h"

namespace stoker::parallel {

class Stage {
 public:
  // mesh and model must outlive it. Throws ConfigError where this stage has nothing that learns.
  Stage(dist::Mesh& mesh, models::Model& model, const Split& split);

  // What other stages have learns no more here, and its memory is freed: once this stage's
  // optimizer is built.
  void begin();

  int64_t index() const { return index_; }
  int64_t count() const { return count_; }
  bool is_first() const { return index_ == 0; }
  bool is_last() const { return index_ == count_ - 1; }
  dist::Group& replicas() const { return mesh_.replicas(); }
  dist::Group& stages() const { return mesh_.stages(); }

  // This stage's pieces, one after another.
  at::Tensor run(const at::Tensor& x) const;
  // Of those of the network.
  size_t first_segment() const { return first_segment_; }
  size_t segments() const { return segments_.size(); }

  bool has(const std::string& name) const;  // a parameter or buffer
  std::vector<at::Tensor> own_buffers() const;
  // Parameters of other stages that learn there, by name.
  const std::vector<std::string>& learning_elsewhere() const { return learning_elsewhere_; }

  Lane& down() { return down_; }
  Lane& back() { return back_; }
  int64_t next() const { return index_ + 1; }
  int64_t previous() const { return index_ - 1; }
  int64_t last() const { return count_ - 1; }
  double wait_s() const { return down_.wait_s() + back_.wait_s(); }

 private:
  dist::Mesh& mesh_;
  models::Model& model_;
  int64_t index_, count_;
  size_t first_segment_;
  std::vector<models::Segment> segments_;  // of this stage
  std::vector<std::string> learning_elsewhere_;
  Lane down_, back_;
};

// Of each stage.
struct StageFacts {
  std::string first;  // of its pieces that has parameters: "blocks.6"
  int64_t parameters = 0;
  double share = 0;  // of the time of all, 0 where it was not measured
};
std::vector<StageFacts> stage_facts(models::Model& model, const Split& split,
                                    const std::vector<SegmentCost>& costs);

}  // namespace stoker::parallel
