#include "stoker/ops/pixels.h"

#include <ATen/ops/empty.h>

#include "stoker/core/error.h"

namespace stoker::ops {

kernels::PixelType pixel_type(at::ScalarType dtype) {
  switch (dtype) {
    case at::kFloat:
      return kernels::PixelType::kFloat32;
    case at::kBFloat16:
      return kernels::PixelType::kBFloat16;
    case at::kHalf:
      return kernels::PixelType::kFloat16;
    default:
      break;
  }
  throw InternalError(
      fmt::format("images of dtype {}: expected Float, BFloat16 or Half", c10::toString(dtype)));
}

at::ScalarType scalar_type(kernels::PixelType type) {
  switch (type) {
    case kernels::PixelType::kBFloat16:
      return at::kBFloat16;
    case kernels::PixelType::kFloat16:
      return at::kHalf;
    case kernels::PixelType::kUInt8:
      return at::kByte;
    case kernels::PixelType::kFloat32:
      break;
  }
  return at::kFloat;
}

at::Tensor channels_first(const at::Tensor& nhwc) { return nhwc.permute({0, 3, 1, 2}); }

at::Tensor empty_images(int64_t count, int32_t channels, int32_t height, int32_t width,
                        at::ScalarType dtype, at::Device device) {
  return channels_first(
      at::empty({count, height, width, channels}, at::TensorOptions(dtype).device(device)));
}

kernels::OutputView output_view(const at::Tensor& images) {
  const bool is_nhwc = images.dim() == 4 && images.permute({0, 2, 3, 1}).is_contiguous();
  STOKER_CHECK(is_nhwc, "images of {} dimensions, expected NCHW in channels_last", images.dim());
  return {images.data_ptr(), pixel_type(images.scalar_type()), static_cast<int32_t>(images.size(3)),
          static_cast<int32_t>(images.size(2)), static_cast<int32_t>(images.size(1))};
}

}  // namespace stoker::ops
