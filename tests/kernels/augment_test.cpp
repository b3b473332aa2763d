#include "stoker/kernels/augment.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>

#include "random_image.h"
#include "stoker/core/error.h"
#include "stoker/kernels/augment_body.h"
#include "support/catch.h"

namespace stoker::kernels {
namespace {

using test::random_geometry;
using test::random_image;

constexpr Normalization kNormalization{{0.017f, 0.018f, 0.019f}, {-2.1f, -2.0f, -1.8f}};

std::vector<float> by_body(const ImageView& image, const Geometry& g, int32_t width, int32_t height,
                           int32_t channels) {
  std::vector<float> pixels(static_cast<size_t>(width * height * channels));
  const OutputView output{pixels.data(), PixelType::kFloat32, width, height, channels};
  for (int32_t y = 0; y < height; ++y)
    for (int32_t x = 0; x < width; ++x) augment_pixel(image, g, kNormalization, output, 0, x, y);
  return pixels;
}

std::vector<float> by_rows(const ImageView& image, const Geometry& g, int32_t width, int32_t height,
                           int32_t channels, CpuLevel level) {
  std::vector<float> pixels(static_cast<size_t>(width * height * channels));
  const OutputView output{pixels.data(), PixelType::kFloat32, width, height, channels};
  augment(image, g, kNormalization, output, 0, level);
  return pixels;
}

std::string text(const ImageView& image, const Geometry& g) {
  return fmt::format("image {}x{}x{} box {} {} {} {} grid {} {} offset {} {} flip {} {} border {}",
                     image.width, image.height, image.channels, g.box_x, g.box_y, g.box_w, g.box_h,
                     g.grid_w, g.grid_h, g.offset_x, g.offset_y, g.flip_x, g.flip_y,
                     static_cast<int>(g.border));
}

std::vector<CpuLevel> levels() {
  std::vector<CpuLevel> list{CpuLevel::kBaseline};
  if (cpu_level() >= CpuLevel::kV3) list.push_back(CpuLevel::kV3);
  if (cpu_level() >= CpuLevel::kV4) list.push_back(CpuLevel::kV4);
  return list;
}

TEST_CASE("row loops agree with the per-pixel body on any geometry") {
  RandomStream random({.seed = 7}, Purpose::kSynthesize);
  for (int round = 0; round < 2000; ++round) {
    const int32_t channels = random.coin() ? 3 : 1, out_channels = random.coin() ? 3 : 1;
    const auto image = random_image(random, test::between(random, 1, 70),
                                    test::between(random, 1, 50), channels, round % 3);
    const Geometry g = random_geometry(random, image.view);
    const int32_t width = test::between(random, 1, 45), height = test::between(random, 1, 20);
    const auto expected = by_body(image.view, g, width, height, out_channels);
    const auto got = by_rows(image.view, g, width, height, out_channels, CpuLevel::kBaseline);
    float worst = 0;
    for (size_t i = 0; i < got.size(); ++i)
      worst = std::max(worst, std::fabs(got[i] - expected[i]));
    INFO(text(image.view, g));
    // Sums of up to 70x50 floats below 255 in another order, then times 0.02.
    REQUIRE(worst < 1e-5f);
    for (CpuLevel level : levels()) {
      const auto same = by_rows(image.view, g, width, height, out_channels, level);
      INFO("level " << static_cast<int>(level));
      REQUIRE(std::memcmp(same.data(), got.data(), got.size() * sizeof(float)) == 0);
    }
  }
}

// Rows of whole cache lines, in a batch that is aligned to them, are written past the caches.
TEST_CASE("large aligned outputs have the same bits at every level") {
  RandomStream random({.seed = 9}, Purpose::kSynthesize);
  const auto image = random_image(random, 90, 70, 3);
  constexpr int32_t kWidth = 112, kHeight = 80;
  constexpr size_t kFloats = size_t{2} * kWidth * kHeight * 3;
  struct Free {
    void operator()(float* memory) const { std::free(memory); }
  };
  const auto batch = [&](CpuLevel level, size_t shift) {
    const std::unique_ptr<float, Free> memory(
        static_cast<float*>(std::aligned_alloc(64, (kFloats + 16) * sizeof(float))));
    RandomStream geometries({.seed = 10}, Purpose::kSynthesize);
    const OutputView output{memory.get() + shift, PixelType::kFloat32, kWidth, kHeight, 3};
    for (int64_t i = 0; i < 2; ++i)
      augment(image.view, random_geometry(geometries, image.view), kNormalization, output, i,
              level);
    return std::vector<float>(memory.get() + shift, memory.get() + shift + kFloats);
  };
  const auto expected = batch(CpuLevel::kBaseline, 0);
  for (CpuLevel level : levels())
    for (size_t shift : {0, 1}) CHECK(batch(level, shift) == expected);
}

TEST_CASE("16-bit outputs are the rounded float output, at every level") {
  RandomStream random({.seed = 8}, Purpose::kSynthesize);
  for (int round = 0; round < 200; ++round) {
    const auto image = random_image(random, 23, 17, 3);
    const Geometry g = random_geometry(random, image.view);
    const auto expected = by_rows(image.view, g, 35, 5, 3, CpuLevel::kBaseline);
    for (CpuLevel level : levels()) {
      for (PixelType type : {PixelType::kBFloat16, PixelType::kFloat16}) {
        std::vector<uint16_t> got(expected.size());
        augment(image.view, g, kNormalization, {got.data(), type, 35, 5, 3}, 0, level);
        for (size_t i = 0; i < got.size(); ++i)
          REQUIRE(got[i] == (type == PixelType::kBFloat16 ? to_bfloat16(expected[i])
                                                          : to_float16(expected[i])));
      }
    }
  }
}

TEST_CASE("a whole-pixel box copies, mirrors and reflects exactly") {
  const uint8_t pixels[] = {10, 20, 30, 40, 50, 60};  // 3 x 2
  const ImageView image{pixels, 3, 2, 1, 3};
  Geometry g{0, 0, 3, 2, 3, 2, -2, -1, false, false, Border::kReflect};
  const Normalization plain{{1, 1, 1}, {0, 0, 0}};
  float out[7 * 4];
  const OutputView output{out, PixelType::kFloat32, 7, 4, 1};
  augment(image, g, plain, output, 0);
  CHECK(std::vector<float>(out, out + 14) ==
        std::vector<float>{60, 50, 40, 50, 60, 50, 40, 30, 20, 10, 20, 30, 20, 10});
  g.border = Border::kEdge;
  g.flip_x = true;
  augment(image, g, plain, output, 0);
  CHECK(std::vector<float>(out, out + 7) == std::vector<float>{30, 30, 30, 20, 10, 10, 10});
  g.border = Border::kZero;
  g.flip_y = true;
  augment(image, g, plain, output, 0);
  CHECK(std::vector<float>(out, out + 14) ==
        std::vector<float>{0, 0, 0, 0, 0, 0, 0, 0, 0, 60, 50, 40, 0, 0});
}

TEST_CASE("an image goes into its own slot of the batch and nowhere else") {
  RandomStream random({.seed = 9}, Purpose::kSynthesize);
  const auto image = random_image(random, 9, 6, 3);
  const Geometry copy{0, 0, 9, 6, 9, 6};
  const Geometry resize{0, 0, 9, 6, 5, 7};
  for (const Geometry& g : {copy, resize}) {
    const size_t values = static_cast<size_t>(g.grid_w * g.grid_h * 3);
    std::vector<float> batch(values * 3, -77.0f);
    const OutputView output{batch.data(), PixelType::kFloat32, g.grid_w, g.grid_h, 3};
    augment(image.view, g, kNormalization, output, 1);
    for (size_t i = 0; i < values; ++i) {
      REQUIRE(batch[i] == -77.0f);
      REQUIRE(batch[values + i] != -77.0f);
      REQUIRE(batch[2 * values + i] == -77.0f);
    }
  }
}

TEST_CASE("a constant image stays constant whatever the scale") {
  const std::vector<uint8_t> white(37 * 29 * 3, 255);
  const ImageView image{white.data(), 37, 29, 3, 37 * 3};
  for (int32_t size = 1; size < 90; size += 4) {
    const Geometry g{1.5f, 2.25f, 30.1f, 20.7f, size, size + 1};
    std::vector<float> out(static_cast<size_t>(size * (size + 1) * 3));
    augment(image, g, Normalization{}, {out.data(), PixelType::kFloat32, size, size + 1, 3}, 0);
    for (float value : out) REQUIRE(value == Approx(1.0f).margin(1e-6));
  }
}

TEST_CASE("geometry that would read outside the image is refused with its values") {
  const uint8_t pixels[12] = {};
  const ImageView image{pixels, 4, 3, 1, 4};
  float out[4];
  const OutputView output{out, PixelType::kFloat32, 2, 2, 1};
  const Geometry good{0, 0, 4, 3, 2, 2};
  CHECK_NOTHROW(augment(image, good, Normalization{}, output, 0));
  auto refused = [&](Geometry g) {
    CHECK_THROWS_AS(augment(image, g, Normalization{}, output, 0), InternalError);
  };
  refused({-1, 0, 4, 3, 2, 2});
  refused({1, 0, 4, 3, 2, 2});
  refused({0, 1, 4, 3, 2, 2});
  refused({0, 0, 0, 3, 2, 2});
  refused({0, 0, NAN, 3, 2, 2});
  refused({0, NAN, 4, 3, 2, 2});
  refused({0, 0, 4, 3, 0, 2});
  refused({0, 0, 4, 3, 2, -1});
  refused({0, 0, 4, 3, 2, 2, 1 << 30});
  ImageView two_channels = image;
  two_channels.channels = 2;
  CHECK_THROWS_AS(augment(two_channels, good, Normalization{}, output, 0), InternalError);
  ImageView short_rows = image;
  short_rows.row_bytes = 3;
  CHECK_THROWS_AS(augment(short_rows, good, Normalization{}, output, 0), InternalError);
  try {
    augment(image, {1, 0, 4, 3, 2, 2}, Normalization{}, output, 0);
  } catch (const InternalError& error) {
    CHECK_THAT(error.what(), Catch::Contains("x=1 y=0 w=4 h=3 in an image of 4x3"));
  }
}

TEST_CASE("threads do not share working memory") {
  RandomStream random({.seed = 10}, Purpose::kSynthesize);
  const auto image = random_image(random, 64, 48, 3);
  const Geometry g{3, 4, 50, 40, 21, 33};
  const auto expected = by_rows(image.view, g, 21, 33, 3, cpu_level());
  std::vector<std::vector<float>> got(4);
  std::vector<std::thread> threads;
  for (auto& mine : got)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) mine = by_rows(image.view, g, 21, 33, 3, cpu_level());
    });
  for (auto& thread : threads) thread.join();
  for (const auto& mine : got) CHECK(mine == expected);
}

}  // namespace
}  // namespace stoker::kernels
