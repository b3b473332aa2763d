#include "stoker/ops/augment.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include "batches.h"
#include "stoker/core/error.h"
#include "stoker/kernels/augment.h"
#include "stoker/ops/pixels.h"
#include "support/catch.h"

namespace stoker::ops {
namespace {

using namespace test;
using Catch::Contains;
using kernels::Geometry;

at::Tensor bytes(at::IntArrayRef shape) { return at::zeros(shape, at::kByte); }

at::Tensor augment_one(const at::Tensor& image, const Geometry& geometry,
                       AugmentOutput output = {.width = 4, .height = 3}) {
  return augment({&image, 1}, {&geometry, 1}, kNormalization, output);
}

TEST_CASE("tensors of several sizes become one batch") {
  int given_back = 0;
  const auto batch = decoded_batch(loader::plain_memory(), 4, given_back);
  std::vector<at::Tensor> images;
  for (const kernels::ImageView& view : batch->images)
    images.push_back(at::from_blob(const_cast<uint8_t*>(view.pixels),
                                   {view.height, view.width, view.channels}, at::kByte));
  const at::Tensor got =
      augment(images, batch->geometries, kNormalization, {.width = 9, .height = 6});
  CHECK(got.sizes() == at::IntArrayRef{4, 3, 6, 9});
  CHECK(got.is_contiguous(at::MemoryFormat::ChannelsLast));
  std::vector<float> expected(4 * 6 * 9 * 3);
  for (int64_t i = 0; i < 4; ++i)
    kernels::augment(batch->images[static_cast<size_t>(i)],
                     batch->geometries[static_cast<size_t>(i)], kNormalization,
                     {expected.data(), kernels::PixelType::kFloat32, 9, 6, 3}, i);
  CHECK(std::memcmp(got.data_ptr(), expected.data(), expected.size() * sizeof(float)) == 0);
}

TEST_CASE("grayscale, color and 16-bit outputs have the shape asked for") {
  const Geometry g{0, 0, 7, 5, 4, 3};
  for (int64_t from : {1, 3})
    for (int32_t to : {1, 3}) {
      const at::Tensor out = augment_one(
          bytes({5, 7, from}), g, {.width = 4, .height = 3, .channels = to, .dtype = at::kHalf});
      CHECK(out.sizes() == at::IntArrayRef{1, to, 3, 4});
      CHECK(out.scalar_type() == at::kHalf);
    }
}

TEST_CASE("tensors that are no images are refused with what they are") {
  const Geometry g{0, 0, 7, 5, 4, 3};
  CHECK_THROWS_WITH(augment_one(at::zeros({5, 7, 3}), g), Contains("Float [5, 7, 3] on cpu"));
  CHECK_THROWS_WITH(augment_one(bytes({5, 7}), g), Contains("Byte [5, 7] on cpu"));
  CHECK_THROWS_WITH(augment_one(bytes({5, 7, 4}), g), Contains("Byte [5, 7, 4]"));
  CHECK_THROWS_WITH(augment_one(bytes({7, 5, 3}).transpose(0, 1), g), Contains("contiguous"));
  CHECK_THROWS_WITH(augment_one(bytes({4, 7, 3}), g), Contains("in an image of 7x4"));
  CHECK_THROWS_AS(augment({}, {}, kNormalization, {.width = 4, .height = 3}), InternalError);
  const at::Tensor image = bytes({5, 7, 3});
  CHECK_THROWS_WITH(augment({&image, 1}, {}, kNormalization, {.width = 4, .height = 3}),
                    Contains("images=1 geometries=0"));
  CHECK_THROWS_WITH(augment_one(image, g, {.width = 4, .height = 3, .dtype = at::kDouble}),
                    Contains("Double"));
}

TEST_CASE("an output is NHWC memory or refused") {
  const at::Tensor images = empty_images(2, 3, 5, 7, at::kBFloat16, at::kCPU);
  const kernels::OutputView view = output_view(images);
  CHECK(view.pixels == images.data_ptr());
  CHECK(view.type == kernels::PixelType::kBFloat16);
  CHECK((view.width == 7 && view.height == 5 && view.channels == 3));
  CHECK_THROWS_AS(output_view(at::zeros({2, 3, 5, 7})), InternalError);
  CHECK_THROWS_AS(output_view(at::zeros({3, 5, 7})), InternalError);
  for (auto type :
       {kernels::PixelType::kFloat32, kernels::PixelType::kBFloat16, kernels::PixelType::kFloat16})
    CHECK(pixel_type(scalar_type(type)) == type);
}

}  // namespace
}  // namespace stoker::ops
