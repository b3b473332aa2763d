#include "stoker/kernels/run_program.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/kernels/filter.h"
#include "stoker/kernels/measure.h"
#include "stoker/kernels/op_rows.h"

namespace stoker::kernels {
namespace {

constexpr Normalization kAsIs{{1, 1, 1}, {0, 0, 0}};

// Working memory of one thread.
struct Scratch {
  std::vector<uint8_t> pixels[2];
  std::vector<uint8_t> table;
  std::vector<float> planes;
  FilterScratch filter;
};

Geometry whole_image(const OutputView& output) {
  Geometry g;
  g.box_w = static_cast<float>(output.width);
  g.box_h = static_cast<float>(output.height);
  g.grid_w = output.width;
  g.grid_h = output.height;
  return g;
}

// Works through the passes of one program over an image of the output's size.
class Runner {
 public:
  Runner(const Program& program, const OutputView& output, CpuLevel level, Scratch& scratch)
      : program_(program), output_(output), level_(level), scratch_(scratch) {
    const size_t bytes = static_cast<size_t>(output.width) * static_cast<size_t>(output.height) *
                         static_cast<size_t>(output.channels);
    for (std::vector<uint8_t>& pixels : scratch.pixels)
      if (pixels.size() < bytes) pixels.resize(bytes);
    scratch.table.resize(ProgramScratch::kTableBytes);
    const auto width = static_cast<size_t>(output.width);
    if (scratch.planes.size() < 3 * width) scratch.planes.resize(3 * width);
    for (size_t c = 0; c < 3; ++c) planes_.channel[c] = scratch.planes.data() + c * width;
  }

  ImageView run(const ImageView& image, const Geometry& geometry) {
    augment(image, geometry, kAsIs,
            {current_->data(), PixelType::kUInt8, output_.width, output_.height, output_.channels},
            0, level_);
    for (int32_t number = 0; number < pass_count(program_); ++number) run_pass(number);
    return view();
  }

 private:
  ImageView view() const { return scratch_view(current_->data(), output_, 0); }

  void run_pass(int32_t number) {
    const Pass pass = pass_of(program_, number);
    if (pass.read >= 0) {
      filter(view(), program_.ops[pass.read], level_, scratch_.filter, other_->data());
      std::swap(current_, other_);
    } else if (number > 0) {
      Op& op = program_.ops[pass.first];
      const Counts counts = measure(view(), op.kind, op_loops(level_), planes_);
      finish(counts, output_.channels, op, scratch_.table.data());
    }
    if (pass.first < pass.end) run_points(pass);
  }

  void run_points(const Pass& pass) {
    const OpLoops& loops = op_loops(level_);
    const ImageView image = view();
    for (int32_t y = 0; y < image.height; ++y) {
      uint8_t* row = current_->data() + image.row_bytes * y;
      loops.split(row, image.width, image.channels, planes_);
      for (int32_t i = pass.first; i < pass.end; ++i) {
        const Op& op = program_.ops[i];
        if (image.channels == 1 && needs_color(op.kind)) continue;
        loops.points(op, {program_.key, i, scratch_.table.data(), image.channels}, y * image.width,
                     image.width, planes_);
      }
      loops.join(planes_, image.width, image.channels, row);
    }
  }

  Program program_;  // measured ops get their parameters
  const OutputView& output_;
  CpuLevel level_;
  Scratch& scratch_;
  Planes planes_;
  std::vector<uint8_t>* current_ = &scratch_.pixels[0];
  std::vector<uint8_t>* other_ = &scratch_.pixels[1];
};

void erase(const Program& program, const Normalization& normalization, const OutputView& output,
           int64_t index) {
  const Erase& e = program.erase;
  for (int32_t y = e.y; y < e.y + e.height; ++y)
    for (int32_t x = e.x; x < e.x + e.width; ++x) {
      const Pixel pixel = erased_pixel(program, normalization, y * output.width + x);
      const int64_t first = element_of(output, index, x, y);
      for (int32_t c = 0; c < output.channels; ++c) store(pixel.channel[c], output, first + c);
    }
}

}  // namespace

void check_program(const Program& program, const OutputView& output) {
  STOKER_CHECK(program.count >= 0 && program.count <= Program::kMostOps, "count={}", program.count);
  constexpr float kMostSide = 255;
  for (int32_t i = 0; i < program.count; ++i) {
    const Op& op = program.ops[i];
    STOKER_CHECK(op.kind <= OpKind::kWarp, "op {}: kind={}", i, static_cast<int>(op.kind));
    STOKER_CHECK(
        op.kind != OpKind::kGaussianBlur || (op.p[0] > 0 && op.p[1] >= 1 && op.p[1] <= kMostSide),
        "op {}: blur of sigma={} side={}", i, op.p[0], op.p[1]);
    STOKER_CHECK(op.kind != OpKind::kPosterize || (op.p[0] >= 0 && op.p[0] <= 8),
                 "op {}: posterize to {} bits", i, op.p[0]);
  }
  const Erase& e = program.erase;
  STOKER_CHECK(e.width >= 0 && e.height >= 0 && e.x >= 0 && e.y >= 0 &&
                   e.x + e.width <= output.width && e.y + e.height <= output.height,
               "erase {} {} {}x{} of {}x{}", e.x, e.y, e.width, e.height, output.width,
               output.height);
}

void augment(const ImageView& image, const Geometry& geometry, const Program& program,
             const Normalization& normalization, const OutputView& output, int64_t index,
             CpuLevel level) {
  check_program(program, output);
  if (program.count == 0) {
    augment(image, geometry, normalization, output, index, level);
  } else {
    thread_local Scratch scratch;
    Runner runner(program, output, level, scratch);
    augment(runner.run(image, geometry), whole_image(output), normalization, output, index, level);
  }
  if (program.erase.width > 0) erase(program, normalization, output, index);
}

int32_t most_passes(const Program* programs, int64_t count) {
  int32_t most = 1;
  for (int64_t i = 0; i < count; ++i) most = std::max(most, pass_count(programs[i]));
  return most;
}

}  // namespace stoker::kernels
