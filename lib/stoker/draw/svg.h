// The elements of an SVG file that charts are made of, as text.
//
//   Svg svg(720, 420, "images/s over micro-batch");
//   svg.line(10, 20, 110, 20, "grid");
//   svg.text(10, 40, label, {.classes = "ink", .anchor = Anchor::kMiddle});
//   return svg.finish();
//
// Classes name what a thing is (ink, muted, grid, series-0 …); a style sheet in the file gives each
// its colour on light and on dark.
#pragma once

#include <string>
#include <string_view>

namespace stoker::draw {

enum class Anchor { kStart, kMiddle, kEnd };

struct TextStyle {
  std::string_view classes = "ink";
  Anchor anchor = Anchor::kStart;
  int size_px = 12;
  bool halo = false;  // an outline in the paper's colour, so that lines below leave it readable
};

constexpr int kSeriesColors = 6;

class Svg {
 public:
  Svg(int width, int height, std::string_view title);

  void line(double x1, double y1, double x2, double y2, std::string_view classes);
  void rectangle(double x, double y, double width, double height, std::string_view classes,
                 std::string_view tooltip = {});
  void path(std::string_view d, std::string_view classes);
  // A filled mark, of a shape and a colour that the number of the series decides.
  void point(double x, double y, size_t series, std::string_view classes,
             std::string_view tooltip = {});
  void ring(double x, double y, std::string_view classes);
  void text(double x, double y, std::string_view text, const TextStyle& style = {});
  // What follows, until the next end_clip(), shows only within.
  void begin_clip(double x, double y, double width, double height);
  void end_clip();

  std::string finish();

 private:
  std::string out_;
};

// Fit for XML: markup escaped, what is no UTF-8 or no character of XML shown as \x…
std::string svg_text(std::string_view text);

// About what the text takes in the sans-serif of a browser.
double text_width_px(std::string_view text, int size_px = 12);
// The text, cut with an ellipsis to what fits.
std::string cut_to_px(std::string_view text, double width_px, int size_px = 12);

}  // namespace stoker::draw
