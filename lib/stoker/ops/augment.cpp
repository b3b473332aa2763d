#include "stoker/ops/augment.h"

#include <ATen/Parallel.h>

#include <sstream>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/kernels/run_program.h"
#include "stoker/ops/launch.h"
#include "stoker/ops/pixels.h"

namespace stoker::ops {
namespace {

std::string text(const at::Tensor& tensor) {
  std::ostringstream out;
  out << tensor.scalar_type() << ' ' << tensor.sizes() << " on " << tensor.device();
  return out.str();
}

}  // namespace

kernels::ImageView image_view(const at::Tensor& image) {
  const bool fits = image.defined() && image.scalar_type() == at::kByte && image.dim() == 3 &&
                    (image.size(2) == 1 || image.size(2) == 3) && image.is_contiguous();
  STOKER_CHECK(fits, "image is {}, expected a contiguous Byte [height, width, 1 or 3]",
               image.defined() ? text(image) : "undefined");
  const auto side = [&](int dim) { return static_cast<int32_t>(image.size(dim)); };
  return {image.const_data_ptr<uint8_t>(), side(1), side(0), side(2),
          image.size(1) * image.size(2)};
}

void augment_on_cpu(std::span<const kernels::ImageView> images,
                    std::span<const kernels::Geometry> geometries,
                    std::span<const kernels::Program> programs,
                    const kernels::Normalization& normalization, const at::Tensor& output) {
  const kernels::OutputView view = output_view(output);
  at::parallel_for(0, static_cast<int64_t>(images.size()), 1, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
      kernels::augment(images[i], geometries[i],
                       programs.empty() ? kernels::Program{} : programs[i], normalization, view,
                       static_cast<int64_t>(i));
  });
}

at::Tensor augment(std::span<const at::Tensor> images,
                   std::span<const kernels::Geometry> geometries,
                   const kernels::Normalization& normalization, const AugmentOutput& output,
                   std::span<const kernels::Program> programs) {
  STOKER_CHECK(!images.empty() && images.size() == geometries.size() &&
                   (programs.empty() || programs.size() == images.size()),
               "images={} geometries={} programs={}", images.size(), geometries.size(),
               programs.size());
  const at::Device device = images[0].device();
  at::Tensor batch = empty_images(static_cast<int64_t>(images.size()), output.channels,
                                  output.height, output.width, output.dtype, device);
  std::vector<kernels::ImageView> views;
  for (size_t i = 0; i < images.size(); ++i) {
    STOKER_CHECK(images[i].device() == device, "image {} is {}, but image 0 is on {}", i,
                 text(images[i]), device.str());
    views.push_back(image_view(images[i]));
    kernels::check_augment(views.back(), geometries[i], output_view(batch));
    if (!programs.empty()) kernels::check_program(programs[i], output_view(batch));
  }
  if (device.is_cpu()) {
    augment_on_cpu(views, geometries, programs, normalization, batch);
  } else {
    augment_on_cuda(views, geometries, programs, normalization, batch);
  }
  return batch;
}

}  // namespace stoker::ops
