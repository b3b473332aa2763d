#include "stoker/inspect/contact_sheet.h"

#include <algorithm>

#include "stoker/core/error.h"
#include "stoker/core/random.h"
#include "stoker/draw/drawing.h"
#include "stoker/inspect/sheet_style.h"

namespace stoker::inspect {
namespace {

using draw::Rgb;
constexpr int32_t kTileGap = 4, kLabelSize = 15, kMostTextWidth = 220;

// Up to `count` samples of each class, picked by reservoir sampling in one pass over the labels.
std::vector<std::vector<int64_t>> pick(const data::Dataset& dataset,
                                       const ContactSheetOptions& options) {
  const auto count = static_cast<size_t>(options.images_per_class);
  std::vector<std::vector<int64_t>> picked(dataset.class_names().size());
  std::vector<uint32_t> seen(picked.size());
  RandomStream random({.seed = options.seed}, Purpose::kPick);
  const auto offer = [&](int64_t sample, size_t label) {
    ++seen[label];
    if (picked[label].size() < count) {
      picked[label].push_back(sample);
    } else if (const uint32_t at = random.below(seen[label]); at < count) {
      picked[label][at] = sample;
    }
  };
  for (int64_t i = 0; i < dataset.size(); ++i) {
    if (!dataset.is_multilabel()) offer(i, static_cast<size_t>(dataset.label(i)));
    for (const int32_t label : dataset.labels(i)) offer(i, static_cast<size_t>(label));
  }
  for (std::vector<int64_t>& samples : picked) std::ranges::sort(samples);
  return picked;
}

std::vector<size_t> rows_of(size_t classes, int32_t max_classes) {
  const size_t rows = std::min(classes, static_cast<size_t>(max_classes));
  std::vector<size_t> list;
  for (size_t i = 0; i < rows; ++i) list.push_back(i * classes / rows);
  return list;
}

class ContactSheet {
 public:
  ContactSheet(const data::Dataset& dataset, const ContactSheetOptions& options,
               const decode::DecodeLimits& limits, const std::vector<size_t>& rows)
      : dataset_(dataset),
        tile_(options.tile),
        text_width_(text_width(letters_, dataset, rows)),
        decoder_(limits),
        drawing_(
            2 * kMargin + text_width_ + options.images_per_class * (tile_ + kTileGap) - kTileGap,
            2 * kMargin + static_cast<int32_t>(rows.size()) * (tile_ + kTileGap) - kTileGap,
            kPaper) {}

  void add_row(size_t label, const std::vector<int64_t>& samples) {
    const std::string name =
        letters_.fitted(dataset_.class_names()[label], kLabelSize, text_width_ - kLabelSize);
    const draw::TextPicture text = letters_.picture(name, kLabelSize);
    drawing_.write(text, kMargin, y_ + (tile_ - text.height) / 2, kInk);
    int32_t x = kMargin + text_width_;
    for (const int64_t sample : samples) {
      add_tile(sample, x);
      x += tile_ + kTileGap;
    }
    y_ += tile_ + kTileGap;
  }

  std::vector<std::byte> png() const { return decode::encode_png(drawing_.view()); }

 private:
  // With a gap behind it.
  static int32_t text_width(const draw::Lettering& letters, const data::Dataset& dataset,
                            const std::vector<size_t>& rows) {
    int32_t width = 0;
    for (const size_t label : rows)
      width = std::max(width, letters.width(dataset.class_names()[label], kLabelSize));
    return std::min(width, kMostTextWidth) + kLabelSize;
  }

  void add_tile(int64_t sample, int32_t x) {
    drawing_.fill(x, y_, tile_, tile_, kFaint);
    try {
      data::Record record = dataset_.get(sample, file_);
      if (!record.is_decoded())
        record.pixels = decoder_.decode(record.encoded, dataset_.name(sample), buffer_);
      drawing_.place(record.pixels, x, y_, tile_);
    } catch (const DataError&) {
      drawing_.cross_out(x, y_, tile_, kBad);
    }
  }

  draw::Lettering letters_;
  const data::Dataset& dataset_;
  int32_t tile_;
  int32_t text_width_;
  decode::Decoder decoder_;
  draw::Drawing drawing_;
  int32_t y_ = kMargin;
  std::vector<std::byte> file_;
  std::vector<uint8_t> buffer_;
};

}  // namespace

std::vector<std::byte> contact_sheet(const data::Dataset& dataset,
                                     const ContactSheetOptions& options,
                                     const decode::DecodeLimits& limits) {
  STOKER_CHECK(options.images_per_class >= 1 && options.max_classes >= 1 && options.tile >= 8,
               "images_per_class={} max_classes={} tile={}", options.images_per_class,
               options.max_classes, options.tile);
  const std::vector<std::vector<int64_t>> picked = pick(dataset, options);
  const std::vector<size_t> rows = rows_of(picked.size(), options.max_classes);
  ContactSheet sheet(dataset, options, limits, rows);
  for (const size_t label : rows) sheet.add_row(label, picked[label]);
  return sheet.png();
}

}  // namespace stoker::inspect
