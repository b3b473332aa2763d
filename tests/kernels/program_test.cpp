#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "programs.h"
#include "stoker/core/error.h"
#include "stoker/kernels/measure.h"
#include "support/catch.h"

namespace stoker::kernels {
namespace {

using test::between;
using test::random_image;
using test::random_program;
using test::run_on_bytes;

constexpr Normalization kNormalization{{0.017f, 0.018f, 0.019f}, {-2.1f, -2.0f, -1.8f}};

std::vector<float> run_on_cpu(const ImageView& image, const Geometry& geometry,
                              const Program& program, int32_t width, int32_t height,
                              int32_t channels, CpuLevel level = cpu_level()) {
  std::vector<float> out(static_cast<size_t>(width * height * channels), -7.0f);
  augment(image, geometry, program, kNormalization,
          {out.data(), PixelType::kFloat32, width, height, channels}, 0, level);
  return out;
}

// As the device does it: pass by pass, pixel by pixel.
std::vector<float> run_as_device(const ImageView& image, const Geometry& geometry, Program program,
                                 int32_t width, int32_t height, int32_t channels) {
  std::vector<float> out(static_cast<size_t>(width * height * channels), -7.0f);
  std::vector<uint8_t> scratch[2], table(ProgramScratch::kTableBytes);
  std::vector<float> planes(static_cast<size_t>(3 * width));
  for (auto& pixels : scratch) pixels.resize(out.size());
  const ProgramScratch memory{{scratch[0].data(), scratch[1].data()}, table.data()};
  const OutputView output{out.data(), PixelType::kFloat32, width, height, channels};
  for (int32_t number = 0; number < most_passes(&program, 1); ++number) {
    const Pass pass = pass_of(program, number);
    if (number > 0 && pass.read < 0) {
      Op& op = program.ops[pass.first];
      const Counts counts =
          measure(scratch_view(memory.pixels[(number - 1) % 2], output, 0), op.kind,
                  op_loops(CpuLevel::kBaseline),
                  {{planes.data(), planes.data() + width, planes.data() + 2 * width}});
      finish(counts, channels, op, table.data());
    }
    for (int32_t y = 0; y < height; ++y)
      for (int32_t x = 0; x < width; ++x)
        program_pixel(image, geometry, program, number, memory, kNormalization, output, 0, x, y);
  }
  return out;
}

bool has(const Program& program, OpKind kind) {
  return std::any_of(program.ops, program.ops + program.count,
                     [kind](const Op& op) { return op.kind == kind; });
}

TEST_CASE("a program is cut before what needs the whole image or other pixels") {
  using enum OpKind;
  Program program;
  CHECK(pass_count(program) == 1);
  for (OpKind kind : {kHue, kInvert, kContrast, kSolarize, kWarp, kSharpness, kGrayscale})
    program.add({kind});
  REQUIRE(pass_count(program) == 4);
  const Pass passes[] = {pass_of(program, 0), pass_of(program, 1), pass_of(program, 2),
                         pass_of(program, 3)};
  CHECK((passes[0].read == -1 && passes[0].first == 0 && passes[0].end == 2 && !passes[0].last));
  CHECK((passes[1].read == -1 && passes[1].first == 2 && passes[1].end == 4 && !passes[1].last));
  CHECK((passes[2].read == 4 && passes[2].first == 5 && passes[2].end == 5 && !passes[2].last));
  CHECK((passes[3].read == 5 && passes[3].first == 6 && passes[3].end == 7 && passes[3].last));
}

TEST_CASE("the body of the device gives the pixels of the CPU") {
  RandomStream random({.seed = 21}, Purpose::kSynthesize);
  for (int i = 0; i < 400; ++i) {
    const int32_t width = between(random, 1, 40), height = between(random, 1, 30);
    const int32_t channels = random.coin(0.3f) ? 1 : 3;
    const auto image = random_image(random, width, height, random.coin(0.3f) ? 1 : 3);
    const Program program = random_program(random, width, height);
    const auto expected =
        run_as_device(image.view, test::whole(image.view), program, width, height, channels);
    const auto got =
        run_on_cpu(image.view, test::whole(image.view), program, width, height, channels);
    // Blur sums in another order: where that tips a rounding, what follows may be far off.
    size_t differing = 0;
    for (size_t k = 0; k < got.size(); ++k) differing += got[k] != expected[k];
    INFO("program " << i << ", " << width << "x" << height << "x" << channels);
    CHECK(differing <= (has(program, OpKind::kGaussianBlur) ? 2 + got.size() / 20 : 0));
  }
}

TEST_CASE("every level of the CPU gives the same bits of a program") {
  RandomStream random({.seed = 22}, Purpose::kSynthesize);
  for (int i = 0; i < 200; ++i) {
    const auto image =
        random_image(random, between(random, 1, 70), between(random, 1, 20), i % 2 ? 3 : 1);
    const Geometry geometry = test::random_geometry(random, image.view);
    const Program program = random_program(random, 37, 23);
    const auto best = run_on_cpu(image.view, geometry, program, 37, 23, 3);
    for (int level = 0; level < static_cast<int>(cpu_level()); ++level)
      REQUIRE(run_on_cpu(image.view, geometry, program, 37, 23, 3, static_cast<CpuLevel>(level)) ==
              best);
  }
}

TEST_CASE("a program without operations leaves the fused pass as it is") {
  RandomStream random({.seed = 23}, Purpose::kSynthesize);
  const auto image = random_image(random, 31, 19, 3);
  const Geometry geometry{2, 3, 25.5f, 14.25f, 16, 12, 1, -2, true, false, Border::kReflect};
  std::vector<float> plain(14 * 11 * 3);
  augment(image.view, geometry, kNormalization, {plain.data(), PixelType::kFloat32, 14, 11, 3}, 0);
  CHECK(run_on_cpu(image.view, geometry, {}, 14, 11, 3) == plain);
}

TEST_CASE("noise is normal, and its own for every pixel, channel, op, sample and epoch") {
  const int32_t width = 300, height = 200;
  const std::vector<uint8_t> gray(static_cast<size_t>(width * height * 3), 128);
  const ImageView image{gray.data(), width, height, 3, width * 3};
  const auto noisy = [&](StreamKey key, int slot) {
    Program program{.key = key};
    for (int i = 0; i < slot; ++i) program.add({OpKind::kBrightness, {1.0f}});
    program.add({OpKind::kGaussianNoise, {20.0f}});
    return run_on_bytes(image, program);
  };
  const auto once = noisy({1, 2, 3}, 0);
  CHECK(once == noisy({1, 2, 3}, 0));
  for (const auto& other :
       {noisy({2, 2, 3}, 0), noisy({1, 3, 3}, 0), noisy({1, 2, 4}, 0), noisy({1, 2, 3}, 1)}) {
    size_t equal = 0;
    for (size_t i = 0; i < once.size(); ++i) equal += once[i] == other[i];
    CHECK(equal < once.size() / 20);  // by chance about one in 71
  }
  double sum = 0, square = 0, neighbours = 0, channels = 0, within = 0;
  for (size_t i = 0; i < once.size(); ++i) {
    const double v = once[i] - 128.0;
    sum += v;
    square += v * v;
    within += std::fabs(v) <= 20;
    if (i >= 3) neighbours += v * (once[i - 3] - 128.0);
    if (i % 3 > 0) channels += v * (once[i - 1] - 128.0);
  }
  const auto n = static_cast<double>(once.size());  // 180,000: five sigma of a mean are 0.24
  CHECK(std::fabs(sum / n) < 0.24);
  CHECK(std::sqrt(square / n) == Approx(20).epsilon(0.01));
  CHECK(within / n == Approx(0.6947).margin(0.006));  // of a normal, up to 20.5
  CHECK(std::fabs(neighbours / n) < 5);               // five sigma of 400 / sqrt(n)
  CHECK(std::fabs(channels / n) < 5);
}

TEST_CASE("salt and pepper take half of their share each, whole pixels") {
  const int32_t width = 320, height = 200;
  const std::vector<uint8_t> gray(static_cast<size_t>(width * height * 3), 128);
  Program program{.key = {5, 6, 7}};
  program.add({OpKind::kSaltAndPepper, {0.1f}});
  const auto out = run_on_bytes({gray.data(), width, height, 3, width * 3}, program);
  int black = 0, white = 0;
  for (size_t i = 0; i < out.size(); i += 3) {
    REQUIRE((out[i] == out[i + 1] && out[i] == out[i + 2]));
    black += out[i] == 0;
    white += out[i] == 255;
  }
  CHECK(std::abs(black - 3200) < 280);  // five sigma
  CHECK(std::abs(white - 3200) < 280);
}

TEST_CASE("the logarithm and the sine of noise are what they say") {
  for (int i = 1; i <= 100'000; ++i) {
    const float u = static_cast<float>(i) / 100'000;
    REQUIRE(std::fabs(natural_log(u) - std::log(static_cast<double>(u))) <
            3e-7 * std::max(1.0, -std::log(static_cast<double>(u))));
    const float half_turns = u - 0.5f;
    REQUIRE(std::fabs(sine_of_half_turns(half_turns) -
                      std::sin(3.14159265358979 * static_cast<double>(half_turns))) < 4e-6);
  }
  CHECK(natural_log(1.0f) == 0);
}

TEST_CASE("erasing paints its box alone: a value, the mean or noise") {
  RandomStream random({.seed = 24}, Purpose::kSynthesize);
  const auto image = random_image(random, 40, 30, 3);
  const auto plain = run_on_cpu(image.view, test::whole(image.view), {}, 40, 30, 3);
  for (EraseFill fill : {EraseFill::kConstant, EraseFill::kMean, EraseFill::kNoise}) {
    Program program{.key = {1, 2, 3}, .erase = {5, 7, 20, 11, fill, 51}};
    const auto out = run_on_cpu(image.view, test::whole(image.view), program, 40, 30, 3);
    double sum = 0, square = 0;
    for (int32_t i = 0; i < 40 * 30 * 3; ++i) {
      const int32_t x = i / 3 % 40, y = i / 3 / 40, c = i % 3;
      const auto at = static_cast<size_t>(i);
      if (x < 5 || x >= 25 || y < 7 || y >= 18) {
        REQUIRE(out[at] == plain[at]);
        continue;
      }
      if (fill == EraseFill::kMean) REQUIRE(out[at] == 0);
      if (fill == EraseFill::kConstant)
        REQUIRE(out[at] == Approx(51 * kNormalization.scale[c] + kNormalization.bias[c]));
      sum += out[at];
      square += out[at] * out[at];
    }
    if (fill == EraseFill::kNoise) {  // 660 values: five sigma
      CHECK(std::fabs(sum / 660) < 0.2);
      CHECK(std::sqrt(square / 660) == Approx(1).margin(0.14));
    }
  }
}

// The map of kWarp in double, with what lies outside blended in.
double warped(const ImageView& image, const Op& op, int32_t x, int32_t y, int32_t c) {
  const double ox = x + 0.5, oy = y + 0.5;
  const double w = double{op.p[6]} * ox + double{op.p[7]} * oy + 1;
  const double ix = (double{op.p[0]} * ox + double{op.p[1]} * oy + double{op.p[2]}) / w - 0.5;
  const double iy = (double{op.p[3]} * ox + double{op.p[4]} * oy + double{op.p[5]}) / w - 0.5;
  double sum = 0;
  for (int corner = 0; corner < 4; ++corner) {
    const double at_x = std::floor(ix) + (corner & 1), at_y = std::floor(iy) + (corner >> 1);
    const double weight = (1 - std::fabs(ix - at_x)) * (1 - std::fabs(iy - at_y));
    const bool inside = at_x >= 0 && at_y >= 0 && at_x < image.width && at_y < image.height;
    sum += weight * (inside ? image.pixels[image.row_bytes * int64_t(at_y) + int64_t(at_x) * 3 + c]
                            : op.fill);
  }
  return sum;
}

TEST_CASE("bilinear warps are those of double arithmetic, with the fill outside") {
  RandomStream random({.seed = 25}, Purpose::kSynthesize);
  for (int i = 0; i < 50; ++i) {
    const auto image = random_image(random, between(random, 2, 60), between(random, 2, 50), 3, 5);
    Op op{OpKind::kWarp};
    for (int k = 0; k < 6; ++k) op.p[k] = random.uniform(-0.4f, 0.4f) + (k % 4 == 0 ? 1.0f : 0.0f);
    for (int k = 6; k < 8; ++k) op.p[k] = random.uniform(-0.005f, 0.005f);
    op.bilinear = true;
    op.fill = static_cast<uint8_t>(random.below(256));
    Program program;
    program.add(op);
    const auto out = run_on_bytes(image.view, program);
    for (size_t k = 0; k < out.size(); ++k) {
      const auto at = static_cast<int32_t>(k);
      const double expected =
          warped(image.view, op, at / 3 % image.view.width, at / 3 / image.view.width, at % 3);
      // Half a unit of rounding, and places wrong by 1e-5 pixels times 255.
      REQUIRE(std::fabs(out[k] - expected) <= 0.51);
    }
  }
}

TEST_CASE("programs that do not fit are refused with their values") {
  const OutputView output{nullptr, PixelType::kFloat32, 9, 7, 3};
  Program program;
  program.count = Program::kMostOps + 1;
  CHECK_THROWS_AS(check_program(program, output), InternalError);
  program.count = 1;
  program.ops[0] = {OpKind::kGaussianBlur, {0, 3}};
  CHECK_THROWS_WITH(check_program(program, output), Catch::Contains("sigma=0"));
  program.ops[0] = {OpKind::kPosterize, {9}};
  CHECK_THROWS_AS(check_program(program, output), InternalError);
  program.ops[0] = {OpKind::kInvert};
  CHECK_NOTHROW(check_program(program, output));
  program.erase = {3, 3, 7, 2};
  CHECK_THROWS_WITH(check_program(program, output), Catch::Contains("erase 3 3 7x2"));
}

}  // namespace
}  // namespace stoker::kernels
