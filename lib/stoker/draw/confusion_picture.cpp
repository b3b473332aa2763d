#include "stoker/draw/confusion_picture.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "stoker/core/error.h"
#include "stoker/decode/decode.h"
#include "stoker/draw/drawing.h"

namespace stoker::draw {
namespace {

constexpr Rgb kPaper{255, 255, 255}, kInk{30, 30, 34}, kFaintInk{120, 120, 124},
    kLines{222, 222, 222};
constexpr Rgb kRight{33, 102, 172}, kWrong{196, 60, 44};
constexpr int32_t kMargin = 14, kGap = 6;
constexpr int32_t kTitleSize = 12, kMostNameWidth = 180;
constexpr int32_t kLongestSide = 1600;  // of the cells, where there are many

// Sizes in pixels, by the number of classes and the longest count.
struct Layout {
  int32_t cell = 0;
  int32_t name_size = 0, count_size = 0;  // of letters; 0: not written
  int32_t names = 0;                      // room for the names

  Layout(const Lettering& letters, const std::vector<std::string>& class_names, int64_t largest) {
    const auto classes = static_cast<int32_t>(class_names.size());
    const auto room = [&](int32_t size) {
      return letters.width(fmt::format("{}", largest), size) + size / 2;
    };
    if (classes <= 20) {
      name_size = count_size = 15;
      cell = std::max(40, room(count_size));
    } else if (classes <= 40) {
      name_size = 15;
      count_size = 10;
      cell = std::max(24, room(count_size));
    } else {
      cell = std::clamp(kLongestSide / classes, 2, 16);
      name_size = cell >= 8 ? cell * 4 / 5 : 0;
    }
    for (const std::string& name : class_names)
      if (name_size > 0)
        names = std::max(names, std::min(letters.width(name, name_size), kMostNameWidth));
  }
};

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
  ConfusionPicture(const std::vector<std::string>& names, int64_t largest)
      : names_(names),
        layout_(letters_, names, largest),
        left_(kMargin + letters_.line_height(kTitleSize) + kGap + layout_.names + kGap),
        top_(left_),
        side_(static_cast<int32_t>(names.size()) * layout_.cell),
        drawing_(left_ + side_ + kMargin, top_ + side_ + kMargin, kPaper) {
    drawing_.write(letters_.picture("predicted", kTitleSize), left_, kMargin, kFaintInk);
    const TextPicture title = letters_.picture("true", kTitleSize);
    drawing_.write_up(title, kMargin, top_ + title.width, kFaintInk);
    write_names();
  }

  void add_row(int32_t row, const std::vector<int64_t>& counts) {
    const auto total = std::accumulate(counts.begin(), counts.end(), int64_t{0});
    for (int32_t column = 0; column < static_cast<int32_t>(counts.size()); ++column)
      add_cell(row, column, counts[static_cast<size_t>(column)], std::max<int64_t>(total, 1));
  }

  std::vector<std::byte> png() const { return decode::encode_png(drawing_.view()); }

 private:
  void write_names() {
    if (layout_.name_size == 0) return;
    for (int32_t i = 0; i < static_cast<int32_t>(names_.size()); ++i) {
      const TextPicture name = letters_.picture(
          letters_.fitted(names_[static_cast<size_t>(i)], layout_.name_size, layout_.names),
          layout_.name_size);
      const int32_t at = i * layout_.cell + (layout_.cell - name.height) / 2;
      drawing_.write(name, left_ - kGap - name.width, top_ + at, kInk);
      drawing_.write_up(name, left_ + at, top_ - kGap, kInk);
    }
  }

  void add_cell(int32_t row, int32_t column, int64_t count, int64_t total) {
    const int32_t x = left_ + column * layout_.cell, y = top_ + row * layout_.cell;
    const double share = static_cast<double>(count) / static_cast<double>(total);
    const int32_t gap = layout_.cell >= 8 ? 1 : 0;
    drawing_.fill(x, y, layout_.cell, layout_.cell, gap != 0 ? kLines : kPaper);
    drawing_.fill(x, y, layout_.cell - gap, layout_.cell - gap,
                  shade(row == column ? kRight : kWrong, share));
    if (layout_.count_size == 0 || count == 0) return;
    const TextPicture text = letters_.picture(fmt::format("{}", count), layout_.count_size);
    drawing_.write(text, x + (layout_.cell - text.width) / 2, y + (layout_.cell - text.height) / 2,
                   share > 0.4 ? kPaper : kInk);
  }

  Lettering letters_;
  const std::vector<std::string>& names_;
  Layout layout_;
  int32_t left_, top_, side_;
  Drawing drawing_;
};

}  // namespace

std::vector<std::byte> confusion_picture(const std::vector<std::string>& names,
                                         const std::vector<std::vector<int64_t>>& counts) {
  STOKER_CHECK(!names.empty() && counts.size() == names.size(), "names={} rows={}", names.size(),
               counts.size());
  int64_t largest = 0;
  for (const auto& row : counts) {
    STOKER_CHECK(row.size() == names.size(), "names={} columns={}", names.size(), row.size());
    largest = std::max(largest, std::ranges::max(row));
  }
  ConfusionPicture picture(names, largest);
  for (size_t row = 0; row < counts.size(); ++row)
    picture.add_row(static_cast<int32_t>(row), counts[row]);
  return picture.png();
}

}  // namespace stoker::draw
