#include "stoker/train/feed.h"

#include "stoker/core/trace.h"
#include "stoker/train/autocast.h"
#include "stoker/train/targets.h"

namespace stoker::train {

namespace {

kernels::PixelType pixel_type(Precision precision) {
  switch (input_dtype(precision)) {
    case at::kBFloat16:
      return kernels::PixelType::kBFloat16;
    case at::kHalf:
      return kernels::PixelType::kFloat16;
    default:
      return kernels::PixelType::kFloat32;
  }
}

// On the CPU the loader's threads augment; a GPU does it by itself.
loader::LoaderOptions options_for(loader::LoaderOptions options, at::Device device,
                                  Precision precision) {
  options.stage = device.is_cpu() ? loader::Stage::kAugmented : loader::Stage::kDecoded;
  options.type = pixel_type(precision);
  return options;
}

}  // namespace

Feed::Feed(const Source& source, at::Device device, Precision precision, loader::ChunkSource chunks)
    : dataset_(source.dataset),
      device_(device),
      loader_(source.dataset, source.pipelines, options_for(source.loader, device, precision),
              ops::batch_memory(device), std::move(chunks)),
      mover_(ops::batch_mover(device, source.pipelines.normalization(), input_dtype(precision))) {}

std::optional<ops::TensorBatch> Feed::next() {
  std::unique_ptr<loader::Batch> batch;
  {
    const trace::Span span(trace::Stage::kWait);
    batch = loader_.next();
  }
  if (!batch) return std::nullopt;
  const trace::Span span(trace::Stage::kMove);
  ops::TensorBatch moved = mover_->move(std::move(batch));
  moved.targets = label_targets(*dataset_, moved.samples, device_);
  return moved;
}

}  // namespace stoker::train
