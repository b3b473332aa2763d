#include "stoker/inspect/confusion_picture.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "stoker/core/error.h"
#include "stoker/decode/decode.h"
#include "stoker/inspect/canvas.h"

namespace stoker::inspect {
namespace {

constexpr Rgb kPaper{255, 255, 255}, kInk{30, 30, 34}, kFaintInk{120, 120, 124},
    kLines{222, 222, 222};
constexpr Rgb kRight{33, 102, 172}, kWrong{196, 60, 44};
constexpr int32_t kMargin = 14, kGap = 6;
constexpr size_t kMostLetters = 20;
constexpr int32_t kLongestSide = 1600;  // of the cells, where there are many

// Sizes in pixels, by the number of classes and the longest count.
struct Layout {
  int32_t cell = 0;
  int32_t name_scale = 0, count_scale = 0;  // of letters; 0: not written
  int32_t names = 0;                        // room for the names

  Layout(int32_t classes, size_t digits, size_t letters) {
    const int32_t count_width = static_cast<int32_t>(digits) * PictureCanvas::kLetterWidth;
    if (classes <= 20) {
      count_scale = 2;
      cell = std::max(40, count_width * count_scale + 8);
      name_scale = 2;
    } else if (classes <= 40) {
      count_scale = 1;
      cell = std::max(24, count_width + 6);
      name_scale = 2;
    } else {
      cell = std::clamp(kLongestSide / classes, 2, 16);
      name_scale = cell >= PictureCanvas::kLetterHeight + 1 ? 1 : 0;
    }
    names = static_cast<int32_t>(letters) * PictureCanvas::kLetterWidth * name_scale;
  }
};

std::string short_name(const std::string& name) {
  return name.size() <= kMostLetters ? name : name.substr(0, kMostLetters - 2) + "..";
}

// From white to the colour by share; the root keeps a few errors among many images visible.
Rgb shade(const Rgb& color, double share) {
  const double depth = std::sqrt(std::clamp(share, 0.0, 1.0));
  Rgb mixed{};
  for (size_t c = 0; c < 3; ++c)
    mixed[c] = static_cast<uint8_t>(255 - depth * (255 - color[c]) + 0.5);
  return mixed;
}

class ConfusionPicture {
 public:
  ConfusionPicture(const std::vector<std::string>& names, size_t digits, size_t letters)
      : names_(names),
        layout_(static_cast<int32_t>(names.size()), digits, letters),
        left_(kMargin + kTitle + layout_.names + kGap),
        top_(kMargin + kTitle + layout_.names + kGap),
        side_(static_cast<int32_t>(names.size()) * layout_.cell),
        canvas_(left_ + side_ + kMargin, top_ + side_ + kMargin, kPaper) {
    canvas_.write("predicted", left_, kMargin, 1, kFaintInk);
    canvas_.write_up("true", kMargin, top_ + 4 * PictureCanvas::kLetterWidth, 1, kFaintInk);
    write_names();
  }

  void add_row(int32_t row, const std::vector<int64_t>& counts) {
    const auto total = std::accumulate(counts.begin(), counts.end(), int64_t{0});
    for (int32_t column = 0; column < static_cast<int32_t>(counts.size()); ++column)
      add_cell(row, column, counts[static_cast<size_t>(column)], std::max<int64_t>(total, 1));
  }

  std::vector<std::byte> png() const { return decode::encode_png(canvas_.view()); }

 private:
  static constexpr int32_t kTitle = PictureCanvas::kLetterHeight + kGap;

  void write_names() {
    if (layout_.name_scale == 0) return;
    const int32_t letter = PictureCanvas::kLetterWidth * layout_.name_scale;
    const int32_t middle = (layout_.cell - PictureCanvas::kLetterHeight * layout_.name_scale) / 2;
    for (int32_t i = 0; i < static_cast<int32_t>(names_.size()); ++i) {
      const std::string name = short_name(names_[static_cast<size_t>(i)]);
      const int32_t width = static_cast<int32_t>(name.size()) * letter;
      const int32_t at = i * layout_.cell + middle;
      canvas_.write(name, left_ - kGap - width, top_ + at, layout_.name_scale, kInk);
      canvas_.write_up(name, left_ + at, top_ - kGap, layout_.name_scale, kInk);
    }
  }

  void add_cell(int32_t row, int32_t column, int64_t count, int64_t total) {
    const int32_t x = left_ + column * layout_.cell, y = top_ + row * layout_.cell;
    const double share = static_cast<double>(count) / static_cast<double>(total);
    const int32_t gap = layout_.cell >= 8 ? 1 : 0;
    canvas_.fill(x, y, layout_.cell, layout_.cell, gap != 0 ? kLines : kPaper);
    canvas_.fill(x, y, layout_.cell - gap, layout_.cell - gap,
                 shade(row == column ? kRight : kWrong, share));
    if (layout_.count_scale == 0 || count == 0) return;
    const std::string text = fmt::format("{}", count);
    const int32_t width =
        static_cast<int32_t>(text.size()) * PictureCanvas::kLetterWidth * layout_.count_scale;
    const int32_t height = PictureCanvas::kLetterHeight * layout_.count_scale;
    canvas_.write(text, x + (layout_.cell - width + layout_.count_scale) / 2,
                  y + (layout_.cell - height) / 2, layout_.count_scale,
                  share > 0.4 ? kPaper : kInk);
  }

  const std::vector<std::string>& names_;
  Layout layout_;
  int32_t left_, top_, side_;
  PictureCanvas canvas_;
};

}  // namespace

std::vector<std::byte> confusion_picture(const std::vector<std::string>& names,
                                         const std::vector<std::vector<int64_t>>& counts) {
  STOKER_CHECK(!names.empty() && counts.size() == names.size(), "names={} rows={}", names.size(),
               counts.size());
  int64_t largest = 0;
  size_t letters = 0;
  for (const std::string& name : names) letters = std::max(letters, short_name(name).size());
  for (const auto& row : counts) {
    STOKER_CHECK(row.size() == names.size(), "names={} columns={}", names.size(), row.size());
    largest = std::max(largest, std::ranges::max(row));
  }
  ConfusionPicture picture(names, fmt::format("{}", largest).size(), letters);
  for (size_t row = 0; row < counts.size(); ++row)
    picture.add_row(static_cast<int32_t>(row), counts[row]);
  return picture.png();
}

}  // namespace stoker::inspect
