#include "stoker/draw/svg.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "stoker/core/progress_text.h"
#include "stoker/core/shown.h"

namespace stoker::draw {
namespace {

constexpr double kRadiusPx = 3.5;
// A letter's mean width in em; text is measured without its font, so on the wide side.
constexpr double kLetterWidth = 0.56;

// Colours that people who see few of them tell apart, by lightness too; shapes differ besides.
constexpr std::array<std::string_view, kSeriesColors> kLight{"#0969da", "#bc4c00", "#1a7f37",
                                                             "#8250df", "#bf3989", "#57606a"};
constexpr std::array<std::string_view, kSeriesColors> kDark{"#58a6ff", "#f0883e", "#3fb950",
                                                            "#bc8cff", "#f778ba", "#8b949e"};

struct Ground {
  std::string_view paper, ink, muted, grid, alarm;
};

std::string colors(const Ground& ground,
                   const std::array<std::string_view, kSeriesColors>& series) {
  std::string out = fmt::format(
      ".paper{{fill:{0}}}.ink{{fill:{1}}}.muted{{fill:{2}}}.grid{{stroke:{3}}}.axis{{stroke:{2}}}"
      ".guide{{stroke:{4}}}.guide-text{{fill:{4}}}.ring{{stroke:{1}}}.halo{{stroke:{0}}}",
      ground.paper, ground.ink, ground.muted, ground.grid, ground.alarm);
  for (size_t i = 0; i < series.size(); ++i)
    out += fmt::format(".stroke-{0}{{stroke:{1}}}.fill-{0}{{fill:{1}}}", i, series[i]);
  return out;
}

std::string style_sheet() {
  return "<style>text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
         ".bold{font-weight:600}.grid,.axis{stroke-width:1}.guide{stroke-width:1.5;"
         "stroke-dasharray:6 4}.trace{fill:none;stroke-width:2;stroke-linejoin:round}"
         ".whisker{stroke-width:1.5}.ring{fill:none;stroke-width:2}.faint{opacity:.4}"
         ".halo{stroke-width:3;stroke-linejoin:round;fill:none}" +
         colors({"#ffffff", "#1f2328", "#59636e", "#e4e8ec", "#cf222e"}, kLight) +
         "@media(prefers-color-scheme:dark){" +
         colors({"#0d1117", "#e6edf3", "#9198a1", "#2a313a", "#ff7b72"}, kDark) + "}</style>\n";
}

std::string_view word(Anchor anchor) {
  return anchor == Anchor::kStart ? "start" : anchor == Anchor::kMiddle ? "middle" : "end";
}

// Circle, square, triangle, diamond.
std::string shape(double x, double y, size_t series) {
  const double r = kRadiusPx;
  switch (series % 4) {
    case 0:
      return fmt::format("circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"", x, y, r);
    case 1:
      return fmt::format("path d=\"M{:.1f} {:.1f}h{}v{}h-{}z\"", x - r, y - r, 2 * r, 2 * r, 2 * r);
    case 2:
      return fmt::format("path d=\"M{:.1f} {:.1f}l{} {}h-{}z\"", x, y - r - 1, r + 0.5, 2 * r + 0.5,
                         2 * r + 1);
    default:
      return fmt::format("path d=\"M{:.1f} {:.1f}l{} {}l-{} {}l-{} -{}z\"", x, y - r - 1, r + 1,
                         r + 1, r + 1, r + 1, r + 1, r + 1);
  }
}

// U+FFFE and U+FFFF are UTF-8, but no characters of XML.
std::string without_noncharacters(std::string text) {
  for (const std::string_view none : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"})
    for (size_t at = text.find(none); at != std::string::npos; at = text.find(none, at))
      text.replace(at, none.size(), "\xEF\xBF\xBD");
  return text;
}

}  // namespace

std::string svg_text(std::string_view text) {
  std::string out;
  for (const char c : without_noncharacters(shown(text))) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

double text_width_px(std::string_view text, int size_px) {
  return kLetterWidth * size_px * text_columns(shown(text));
}

std::string cut_to_px(std::string_view text, double width_px, int size_px) {
  std::string whole = shown(text);
  const int columns = static_cast<int>(width_px / (kLetterWidth * size_px));
  if (text_columns(whole) <= columns) return whole;
  return cut_to_columns(whole, columns > 1 ? columns - 1 : 0) + "…";
}

Svg::Svg(int width, int height, std::string_view title) {
  out_ = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
      "viewBox=\"0 0 {0} {1}\" role=\"img\" aria-label=\"{2}\">\n<title>{2}</title>\n{3}"
      "<rect class=\"paper\" width=\"{0}\" height=\"{1}\" rx=\"6\"/>\n",
      width, height, svg_text(title), style_sheet());
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view classes) {
  out_ +=
      fmt::format("<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n",
                  classes, x1, y1, x2, y2);
}

void Svg::rectangle(double x, double y, double width, double height, std::string_view classes,
                    std::string_view tooltip) {
  out_ += fmt::format(
      "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"2\">"
      "<title>{}</title></rect>\n",
      classes, x, y, width, height, svg_text(tooltip));
}

void Svg::path(std::string_view d, std::string_view classes) {
  out_ += fmt::format("<path class=\"{}\" d=\"{}\"/>\n", classes, d);
}

void Svg::point(double x, double y, size_t series, std::string_view classes,
                std::string_view tooltip) {
  const std::string drawn = shape(x, y, series);
  out_ += fmt::format("<{} class=\"fill-{} {}\"><title>{}</title></{}>\n", drawn,
                      series % kSeriesColors, classes, svg_text(tooltip),
                      drawn.substr(0, drawn.find(' ')));
}

void Svg::ring(double x, double y, std::string_view classes) {
  out_ += fmt::format("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"/>\n", classes, x,
                      y, kRadiusPx + 3.5);
}

void Svg::text(double x, double y, std::string_view text, const TextStyle& style) {
  const std::string place =
      fmt::format("x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"{}\" text-anchor=\"{}\"", x, y,
                  style.size_px, word(style.anchor));
  const std::string letters = svg_text(text);
  if (style.halo)
    out_ += fmt::format("<text class=\"halo\" aria-hidden=\"true\" {0}>{1}</text>", place, letters);
  out_ += fmt::format("<text class=\"{}\" {}>{}</text>\n", style.classes, place, letters);
}

void Svg::begin_clip(double x, double y, double width, double height) {
  out_ += fmt::format(
      "<svg x=\"{0:.1f}\" y=\"{1:.1f}\" width=\"{2:.1f}\" height=\"{3:.1f}\" "
      "viewBox=\"{0:.1f} {1:.1f} {2:.1f} {3:.1f}\">\n",
      x, y, width, height);
}

void Svg::end_clip() { out_ += "</svg>\n"; }

std::string Svg::finish() { return std::move(out_) + "</svg>\n"; }

}  // namespace stoker::draw
