// The loader's batches as tensors on the run's device.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>

#include "stoker/data/loader.h"
#include "stoker/train/options.h"

namespace stoker::train {

// Where samples come from and how they are made ready.
struct Source {
  std::shared_ptr<const data::Dataset> dataset;
  std::shared_ptr<const augment::Pipeline> pipeline;
  data::LoaderOptions loader;  // stage and type are set by the feed
};

struct DeviceBatch {
  at::Tensor images;  // [n, C, H, W] channels_last
  at::Tensor labels;  // [n] int64
};

class Feed {
 public:
  Feed(const Source& source, at::Device device, Precision precision, data::ChunkSource chunks);
  ~Feed();
  std::optional<DeviceBatch> next();
  // Seconds that next() has waited for the loader, in all.
  double wait_s() const;
  const data::Loader& loader() const { return *loader_; }

 private:
  at::Device device_;
  std::unique_ptr<data::Loader> loader_;
};

}  // namespace stoker::train
