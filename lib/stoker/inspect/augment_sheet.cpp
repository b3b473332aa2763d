#include "stoker/inspect/augment_sheet.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/draw/drawing.h"
#include "stoker/inspect/sheet_style.h"

namespace stoker::inspect {
namespace {

using draw::Rgb;
constexpr int32_t kGap = 6, kTextSize = 10, kLineHeight = 13;
constexpr int32_t kLines = 3;  // under a tile

// The network's input back to pixels: float32 NHWC of one or three channels.
std::vector<uint8_t> to_bytes(const loader::Batch& batch, const kernels::Normalization& n) {
  const auto* values = static_cast<const float*>(batch.pixels);
  const auto count = static_cast<size_t>(int64_t{batch.width} * batch.height * batch.channels);
  std::vector<uint8_t> bytes(count);
  for (size_t i = 0; i < count; ++i) {
    const size_t c = i % static_cast<size_t>(batch.channels);
    const float value = (values[i] - n.bias[c]) / n.scale[c];
    bytes[i] = static_cast<uint8_t>(std::lround(std::clamp(value, 0.0f, 255.0f)));
  }
  return bytes;
}

// Breaks after a comma where a line is full; what does not fit is left out.
std::array<std::string, kLines> lines_of(const draw::Lettering& letters, std::string_view text,
                                         int32_t width) {
  std::array<std::string, kLines> lines;
  size_t line = 0;
  while (!text.empty()) {
    const size_t comma = text.find(", ");
    const std::string part(text.substr(0, comma == std::string_view::npos ? comma : comma + 2));
    const bool is_full =
        !lines[line].empty() && letters.width(lines[line] + part, kTextSize) > width;
    if (is_full && ++line == kLines) {
      lines.back() += part;  // "…" says that more follows
      break;
    }
    lines[line] += part;
    text.remove_prefix(part.size());
  }
  for (std::string& text_line : lines) text_line = letters.fitted(text_line, kTextSize, width);
  return lines;
}

class AugmentSheet {
 public:
  AugmentSheet(const AugmentSheetOptions& options, int32_t rows)
      : tile_(options.tile),
        drawing_(2 * kMargin + (options.draws + 1) * (tile_ + kGap) - kGap,
                 2 * kMargin + rows * row_height() - kGap, kPaper) {}

  void add_tile(int32_t row, int32_t column, const kernels::ImageView& image,
                const std::string& label, const std::string& words) {
    const int32_t x = kMargin + column * (tile_ + kGap), y = kMargin + row * row_height();
    write(letters_.fitted(label, kTextSize, tile_), x, y);
    drawing_.fill(x, y + kLineHeight, tile_, tile_, kFaint);
    if (image.pixels == nullptr)
      drawing_.cross_out(x, y + kLineHeight, tile_, kBad);
    else
      drawing_.place(image, x, y + kLineHeight, tile_);
    int32_t line_y = y + kLineHeight + tile_ + 3;
    for (const std::string& line : lines_of(letters_, words, tile_)) {
      write(line, x, line_y);
      line_y += kLineHeight;
    }
  }

  std::vector<std::byte> png() const { return decode::encode_png(drawing_.view()); }

 private:
  void write(const std::string& text, int32_t x, int32_t y) {
    drawing_.write(letters_.picture(text, kTextSize), x, y, kInk);
  }
  int32_t row_height() const { return tile_ + (1 + kLines) * kLineHeight + kGap + 3; }

  draw::Lettering letters_;
  int32_t tile_;
  draw::Drawing drawing_;
};

// Samples at even distances, and each in all epochs.
class Chunks {
 public:
  Chunks(int64_t size, int32_t samples, int32_t draws)
      : size_(size), samples_(std::min<int64_t>(samples, size)), draws_(draws) {}

  int32_t rows() const { return static_cast<int32_t>(samples_); }
  int64_t sample(int64_t row) const { return row * size_ / samples_; }
  loader::ChunkSource source() const {
    return [chunks = *this, next = int64_t{0}]() mutable -> std::optional<loader::Chunk> {
      if (next == chunks.samples_ * chunks.draws_) return std::nullopt;
      const int64_t row = next / chunks.draws_, draw = next % chunks.draws_;
      ++next;
      return loader::Chunk{static_cast<uint32_t>(draw), chunks.sample(row), 1};
    };
  }

 private:
  int64_t size_, samples_, draws_;
};

// An unreadable sample leaves an empty view, as it leaves an empty batch.
kernels::ImageView original_of(const data::Dataset& dataset, int64_t sample,
                               decode::Decoder& decoder, std::vector<std::byte>& file,
                               std::vector<uint8_t>& pixels) {
  try {
    const data::Record record = dataset.get(sample, file);
    return record.is_decoded() ? record.pixels
                               : decoder.decode(record.encoded, dataset.name(sample), pixels);
  } catch (const DataError&) {
    return {};
  }
}

std::string class_of(const data::Dataset& dataset, int64_t sample) {
  if (dataset.is_multilabel()) {
    std::string names;
    for (const int32_t label : dataset.labels(sample))
      names += (names.empty() ? "" : ", ") + dataset.class_names()[static_cast<size_t>(label)];
    return names;
  }
  const auto label = static_cast<size_t>(dataset.label(sample));
  return label < dataset.class_names().size() ? dataset.class_names()[label] : "";
}

}  // namespace

std::vector<std::byte> augment_sheet(const std::shared_ptr<const data::Dataset>& dataset,
                                     const augment::PipelineSchedule& pipelines,
                                     const loader::LoaderOptions& loader_options,
                                     const AugmentSheetOptions& options) {
  STOKER_CHECK(options.samples >= 1 && options.draws >= 1 && options.tile >= 32,
               "samples={} draws={} tile={}", options.samples, options.draws, options.tile);
  if (dataset->size() == 0) throw DataError("the data set holds no images");
  const Chunks chunks(dataset->size(), options.samples, options.draws);
  loader::LoaderOptions plain = loader_options;
  plain.shuffle = false;  // positions are samples; draws depend on the sample, not on its position
  plain.repeats = 1;
  plain.stage = loader::Stage::kAugmented;
  plain.type = kernels::PixelType::kFloat32;
  loader::Loader loader(dataset, pipelines, plain, loader::plain_memory(), chunks.source());
  decode::Decoder decoder(plain.limits);
  std::vector<std::byte> file;
  std::vector<uint8_t> pixels;
  AugmentSheet sheet(options, chunks.rows());
  for (int32_t row = 0; row < chunks.rows(); ++row) {
    const int64_t sample = chunks.sample(row);
    const kernels::ImageView original = original_of(*dataset, sample, decoder, file, pixels);
    sheet.add_tile(row, 0, original, class_of(*dataset, sample),
                   fmt::format("{}x{}", original.width, original.height));
    for (int32_t draw = 0; draw < options.draws; ++draw) {
      const std::unique_ptr<loader::Batch> batch = loader.next();
      const std::string label = fmt::format("epoch {}", draw);
      if (batch->count == 0) {
        sheet.add_tile(row, draw + 1, {}, label, "skipped");
        continue;
      }
      const StreamKey key{plain.seed, static_cast<uint32_t>(draw), static_cast<uint64_t>(sample)};
      const std::string words =
          words_of(pipelines.at(key.epoch).recipe(key, original.width, original.height),
                   original.width, original.height);
      const std::vector<uint8_t> bytes = to_bytes(*batch, pipelines.normalization());
      sheet.add_tile(row, draw + 1,
                     {bytes.data(), batch->width, batch->height, batch->channels,
                      int64_t{batch->width} * batch->channels},
                     label, words);
    }
  }
  return sheet.png();
}

}  // namespace stoker::inspect
