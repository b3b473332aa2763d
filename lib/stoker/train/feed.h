// The loader's batches as tensors on the run's device.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>

#include "stoker/loader/loader.h"
#include "stoker/ops/batch.h"
#include "stoker/train/options.h"

namespace stoker::train {

// Where samples come from and how they are made ready.
struct Source {
  std::shared_ptr<const data::Dataset> dataset;
  augment::PipelineSchedule pipelines;
  loader::LoaderOptions loader;  // stage and type are set by the feed
};

// Where the micro-batches of training steps come from. For one thread.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  // Nothing at the end.
  virtual std::optional<ops::TensorBatch> next() = 0;
  // Seconds that next() has waited for images, in all.
  virtual double wait_s() const = 0;
};

// On the CPU tensors share the loader's buffers, and hold back one of those that the loader works
// with for as long as they live.
class Feed : public BatchSource {
 public:
  Feed(const Source& source, at::Device device, Precision precision, loader::ChunkSource chunks);

  // images: [n, C, H, W] channels_last in the precision's input dtype; nothing at the end. Skipped
  // samples make n smaller; n may become 0.
  std::optional<ops::TensorBatch> next() override;
  double wait_s() const override { return loader_.wait_s(); }
  const loader::Loader& loader() const { return loader_; }

 private:
  std::shared_ptr<const data::Dataset> dataset_;
  at::Device device_;
  loader::Loader loader_;
  std::unique_ptr<ops::BatchMover> mover_;  // goes before the loader, whose batches it holds
};

}  // namespace stoker::train
