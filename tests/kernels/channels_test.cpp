#include "stoker/kernels/channels.h"

#include <cmath>
#include <limits>
#include <vector>

#include "stoker/core/random.h"
#include "stoker/kernels/pixel_type.h"
#include "support/catch.h"

namespace stoker::kernels {
namespace {

double phi(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * M_PI); }
double distribution(double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; }

double gated(Gate gate, double z) {
  if (gate == Gate::kRelu) return z > 0 ? z : 0;
  return gate == Gate::kGelu ? z * distribution(z) : z;
}

double derivative(Gate gate, double z) {
  if (gate == Gate::kRelu) return z > 0 ? 1 : 0;
  return gate == Gate::kGelu ? distribution(z) + z * phi(z) : 1;
}

std::vector<CpuLevel> levels() {
  std::vector<CpuLevel> found;
  for (const CpuLevel level : {CpuLevel::kBaseline, CpuLevel::kV3, CpuLevel::kV4})
    if (level <= cpu_level()) found.push_back(level);
  return found;
}

double value_of(float v) { return double{v}; }
double value_of(uint16_t v) { return double{bits_float(uint32_t{v} << 16)}; }

template <class T>
std::vector<T> random_values(int64_t n, uint32_t seed) {
  std::vector<T> values;
  for (int64_t i = 0; i < n; ++i) {
    const Philox4x32 drawn = philox({{static_cast<uint32_t>(i), 0, 0, 0}}, seed, 0);
    const float v = static_cast<float>(drawn.word[0] >> 8) * 0x1p-21f - 4.0f;  // [-4, 4)
    if constexpr (std::is_same_v<T, float>)
      values.push_back(v);
    else
      values.push_back(to_bfloat16(v));
  }
  return values;
}

// One batch of `lines` lines and what the loops make of it, against float64.
template <class T>
struct Batch {
  Batch(int64_t lines_, int64_t width_)
      : lines(lines_),
        width(width_),
        x(random_values<T>(lines * width, 1)),
        other(random_values<T>(lines * width, 2)),
        scale(random_values<float>(width, 3)),
        shift(random_values<float>(width, 4)),
        out(x.size()) {}

  double z(size_t i) const {
    const size_t c = i % static_cast<size_t>(width);
    return value_of(x[i]) * double{scale[c]} + double{shift[c]};
  }
  bool near(size_t i, double exact) const {
    const double rounding = std::is_same_v<T, float> ? 1e-6 : 0x1p-8;
    return std::abs(value_of(out[i]) - exact) <= rounding * std::max(1.0, std::abs(exact)) + 4e-6;
  }
  ChannelMap map() const { return {scale.data(), shift.data()}; }

  int64_t lines, width;
  std::vector<T> x, other;
  std::vector<float> scale, shift;
  std::vector<T> out;
};

template <class T>
void check_batch(CpuLevel level, int64_t lines, int64_t width) {
  INFO("level " << static_cast<int>(level) << " bytes " << sizeof(T) << " lines " << lines
                << " width " << width);
  const ChannelLoops<T>& loops = channel_loops<T>(level);
  Batch<T> b(lines, width);
  const auto columns = static_cast<size_t>(width);
  const auto close = [&](const std::vector<double>& sum, const std::vector<double>& exact) {
    for (size_t c = 0; c < columns; ++c)
      if (std::abs(sum[c] - exact[c]) > 2e-5 * std::max(10.0, static_cast<double>(lines)))
        return false;
    return true;
  };
  std::vector<double> first(columns, 1), second(columns, 1), a(columns, 1), s(columns, 1);
  loops.moments(b.x.data(), lines, width, b.shift.data(), first.data(), second.data());
  for (size_t i = 0; i < b.x.size(); ++i) {
    const double distance = value_of(b.x[i]) - double{b.shift[i % columns]};
    a[i % columns] += distance;
    s[i % columns] += distance * distance;
  }
  CHECK(close(first, a));
  CHECK(close(second, s));
  for (const Gate gate : {Gate::kNone, Gate::kRelu, Gate::kGelu}) {
    const auto g = static_cast<size_t>(gate);
    const auto all_near = [&](const auto& exact) {
      for (size_t i = 0; i < b.x.size(); ++i)
        if (!b.near(i, exact(i))) return false;
      return true;
    };
    loops.map[g](b.x.data(), lines, width, b.map(), b.out.data());
    CHECK(all_near([&](size_t i) { return gated(gate, b.z(i)); }));
    loops.map_add[g](b.x.data(), b.other.data(), lines, width, b.map(), b.out.data());
    CHECK(all_near([&](size_t i) { return gated(gate, b.z(i) + value_of(b.other[i])); }));

    const auto dz = [&](size_t i) { return value_of(b.other[i]) * derivative(gate, b.z(i)); };
    std::vector<double> sum(columns), product(columns), exact_sum(columns), exact_product(columns);
    loops.sums_store[g](b.other.data(), b.x.data(), lines, width, b.map(), b.shift.data(),
                        sum.data(), product.data(), b.out.data());
    CHECK(all_near(dz));
    for (size_t i = 0; i < b.x.size(); ++i) {
      exact_sum[i % columns] += dz(i);
      exact_product[i % columns] += dz(i) * (value_of(b.x[i]) - double{b.shift[i % columns]});
    }
    CHECK(close(sum, exact_sum));
    CHECK(close(product, exact_product));
    std::vector<double> sum2(columns), product2(columns);
    loops.sums[g](b.other.data(), b.x.data(), lines, width, b.map(), b.shift.data(), sum2.data(),
                  product2.data());
    CHECK(sum2 == sum);
    CHECK(product2 == product);
    const ChannelGradient gradient{b.shift.data(), b.scale.data(), b.shift.data(), b.scale.data()};
    loops.gradient[g](b.other.data(), b.x.data(), lines, width, b.map(), gradient, b.out.data());
    CHECK(all_near([&](size_t i) {
      const double mean = double{b.shift[i % columns]}, scale = double{b.scale[i % columns]};
      return scale * dz(i) + mean * (value_of(b.x[i]) - mean) + scale;
    }));
  }
}

TEST_CASE("channel loops agree with float64 at every level", "[kernels]") {
  for (const CpuLevel level : levels())
    for (const auto& [lines, width] :
         {std::pair<int64_t, int64_t>{1, 1}, {2, 35}, {70, 24}, {5, 300}, {33, 256}}) {
      check_batch<float>(level, lines, width);
      check_batch<uint16_t>(level, lines, width);
    }
}

TEST_CASE("GELU keeps its relative precision in the lower tail", "[kernels]") {
  const float one = 1, zero = 0;
  const ChannelMap map{&one, &zero};
  for (const CpuLevel level : levels())
    for (float x = -12.5f; x < 12.5f; x += 0.0625f) {
      float out = 0;
      channel_loops<float>(level).map[static_cast<size_t>(Gate::kGelu)](&x, 1, 1, map, &out);
      const double exact = gated(Gate::kGelu, double{x});
      INFO("at " << x);
      // exp(-x^2 / 2) carries the rounding of its argument: 78 * 2^-24 at 12.5.
      CHECK(std::abs(double{out} - exact) <= (x < 0 ? 1e-5 : 1e-6) * std::abs(exact));
    }
}

TEST_CASE("gates of infinities and NaN", "[kernels]") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float one = 1, zero = 0;
  const ChannelMap map{&one, &zero};
  for (const CpuLevel level : levels()) {
    const auto value = [&](Gate gate, float x) {
      float out = 0;
      channel_loops<float>(level).map[static_cast<size_t>(gate)](&x, 1, 1, map, &out);
      return out;
    };
    CHECK(value(Gate::kRelu, kInfinity) == kInfinity);
    CHECK(value(Gate::kRelu, -kInfinity) == 0);
    CHECK(std::isnan(value(Gate::kRelu, std::nanf(""))));
    CHECK(value(Gate::kGelu, kInfinity) == kInfinity);
    CHECK(std::isnan(value(Gate::kGelu, -kInfinity)));  // -inf * 0, as in PyTorch
    CHECK(std::isnan(value(Gate::kGelu, std::nanf(""))));
    CHECK(value(Gate::kGelu, -40.0f) == 0);
    CHECK(value(Gate::kGelu, 3e38f) == 3e38f);
  }
}

TEST_CASE("ReLU's gradient by its output", "[kernels]") {
  const std::vector<float> dy{1, 2, 3, 4}, x{5, 6, 7, 8}, out{0, 1, 0, 2}, mean{1, 2};
  for (const CpuLevel level : levels()) {
    std::vector<double> sum(2), product(2);
    std::vector<float> dz(4);
    channel_loops<float>(level).sums_behind_relu(dy.data(), x.data(), out.data(), 2, 2, mean.data(),
                                                 sum.data(), product.data(), dz.data());
    CHECK(dz == std::vector<float>{0, 2, 0, 4});
    CHECK(sum == std::vector<double>{0, 6});
    CHECK(product == std::vector<double>{0, 2 * 4 + 4 * 6});
  }
}

}  // namespace
}  // namespace stoker::kernels
