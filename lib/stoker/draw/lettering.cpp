#include "stoker/draw/lettering.h"

#include <ft2build.h>
#include FT_FREETYPE_H
#include <raqm.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <set>

#include "stoker/core/error.h"
#include "stoker/core/log.h"
#include "stoker/draw/ascii_letters.h"
#include "stoker/draw/code_points.h"
#include "stoker/draw/embedded_font.h"

namespace stoker::draw {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostLetters = 400;  // of a line; no picture is wider
constexpr int kLoadFlags = FT_LOAD_TARGET_LIGHT;

using Face = std::unique_ptr<std::remove_pointer_t<FT_Face>, decltype(&FT_Done_Face)>;

int32_t pixels(int64_t in_64ths) { return static_cast<int32_t>((in_64ths + 63) >> 6); }

// Marks and joiners belong to the letter before them and are drawn by its font.
bool joins_before(char32_t point) {
  return (point >= 0x300 && point <= 0x36F) || point == 0x200C || point == 0x200D ||
         (point >= 0xFE00 && point <= 0xFE0F);
}

// The fonts that letters came from, and those not looked into yet.
class FontSet {
 public:
  FontSet(const std::vector<fs::path>& folders, EmbeddedFont embedded)
      : files_(font_files(folders)) {
    if (FT_Init_FreeType(&library_) != 0) throw InternalError("FreeType does not start");
    for (const fs::path& file : files_)
      if (Face face = open(file); face && FT_Get_Char_Index(face.get(), 'A') != 0) {
        faces_.push_back(std::move(face));
        return;
      }
    if (embedded == EmbeddedFont::kUsed) add_embedded();
  }
  ~FontSet() {
    faces_.clear();
    FT_Done_FreeType(library_);
  }
  FontSet(const FontSet&) = delete;
  FontSet& operator=(const FontSet&) = delete;

  bool empty() const { return faces_.empty(); }
  FT_Face first() const { return faces_.front().get(); }
  void set_size(int32_t size) {
    size_ = static_cast<FT_UInt>(size);
    for (const Face& face : faces_) FT_Set_Pixel_Sizes(face.get(), 0, size_);
  }
  // The first font where none has it: it shows a box.
  FT_Face face_of(char32_t point) {
    for (const Face& face : faces_)
      if (FT_Get_Char_Index(face.get(), point) != 0) return face.get();
    if (missing_.contains(point)) return first();
    for (const fs::path& file : files_)
      if (Face face = open(file); face && FT_Get_Char_Index(face.get(), point) != 0) {
        FT_Set_Pixel_Sizes(face.get(), 0, size_);
        return faces_.emplace_back(std::move(face)).get();
      }
    missing_.insert(point);
    return first();
  }

 private:
  void add_embedded() {
    const std::span<const std::byte> font = embedded_font();
    FT_Face face = nullptr;
    if (!font.empty() && FT_New_Memory_Face(library_, reinterpret_cast<const FT_Byte*>(font.data()),
                                            static_cast<FT_Long>(font.size()), 0, &face) == 0)
      faces_.emplace_back(face, FT_Done_Face);
  }

  Face open(const fs::path& file) const {
    FT_Face face = nullptr;
    if (FT_New_Face(library_, file.c_str(), 0, &face) != 0) return {nullptr, FT_Done_Face};
    Face opened(face, FT_Done_Face);
    if (!FT_IS_SCALABLE(face)) opened.reset();
    return opened;
  }

  FT_Library library_ = nullptr;
  std::vector<fs::path> files_;
  std::vector<Face> faces_;
  std::set<char32_t> missing_;
  FT_UInt size_ = 16;
};

using RaqmLayout = std::unique_ptr<raqm_t, decltype(&raqm_destroy)>;

RaqmLayout lay_out(FontSet& fonts, const std::u32string& points) {
  RaqmLayout layout(raqm_create(), raqm_destroy);
  std::vector<uint32_t> text(points.begin(), points.end());
  bool done = layout && raqm_set_text(layout.get(), text.data(), text.size()) &&
              raqm_set_freetype_load_flags(layout.get(), kLoadFlags);
  FT_Face face = fonts.first();
  for (size_t i = 0; done && i < points.size(); ++i) {
    if (!joins_before(points[i])) face = fonts.face_of(points[i]);
    done = raqm_set_freetype_face_range(layout.get(), face, i, 1);
  }
  if (!done || !raqm_layout(layout.get())) throw InternalError("Raqm lays out no text");
  return layout;
}

// Adds a drawn glyph whose top left is at (left, top); what lies outside is cut off.
void add(const FT_Bitmap& glyph, int64_t left, int64_t top, TextPicture& to) {
  for (int64_t row = 0; row < glyph.rows; ++row)
    for (int64_t column = 0; column < glyph.width; ++column) {
      const int64_t x = left + column, y = top + row;
      if (x < 0 || y < 0 || x >= to.width || y >= to.height) continue;
      uint8_t& ink = to.ink[static_cast<size_t>(y * to.width + x)];
      ink = std::max(ink, glyph.buffer[row * glyph.pitch + column]);
    }
}

// Where there are no fonts: letters of 5 x 7 dots in cells of 6 x 7.
TextPicture ascii_picture(const std::u32string& points, int32_t size) {
  const int32_t dot = std::max(size / 7, 1);
  TextPicture picture{static_cast<int32_t>(points.size()) * 6 * dot, 7 * dot, {}};
  picture.ink.resize(static_cast<size_t>(picture.width) * static_cast<size_t>(picture.height));
  for (size_t i = 0; i < points.size(); ++i) {
    const char32_t point = points[i] == U'\u2026' ? U'.' : points[i];
    const AsciiLetter& letter = ascii_letter(point < 0x80 ? static_cast<char>(point) : '\0');
    for (int32_t y = 0; y < picture.height; ++y)
      for (int32_t x = 0; x < 5 * dot; ++x)
        if (letter[static_cast<size_t>(y / dot)] >> (4 - x / dot) & 1)
          picture
              .ink[static_cast<size_t>(y * picture.width + x) + i * static_cast<size_t>(6 * dot)] =
              255;
  }
  return picture;
}

std::u32string line_of(std::string_view text) {
  std::u32string points = code_points(text.substr(0, 4 * kMostLetters));
  if (points.size() > kMostLetters) points.resize(kMostLetters);
  return points;
}

// Where `count` code points of the text end, in bytes: those of code_points().
std::string_view front(std::string_view text, size_t count) {
  size_t bytes = 0;
  for (size_t i = 0; i < count && bytes < text.size(); ++i) {
    size_t next = bytes + 1;
    while (next < text.size() && next - bytes < 4 &&
           code_points(text.substr(bytes, next + 1 - bytes)).size() == 1)
      ++next;
    bytes = next;
  }
  return text.substr(0, bytes);
}

}  // namespace

struct Lettering::Impl {
  FontSet fonts;

  Impl(const std::vector<fs::path>& folders, EmbeddedFont embedded) : fonts(folders, embedded) {}
  int32_t width_of(const std::u32string& points, int32_t size);
};

Lettering::Lettering(const std::vector<fs::path>& folders, EmbeddedFont embedded)
    : impl_(std::make_unique<Impl>(folders, embedded)) {
  static std::atomic_flag said;
  if (!impl_->fonts.empty() || said.test_and_set()) return;
  log().warn(
      "No font is installed and this build carries none, so text in pictures is in plain capitals "
      "and letters beyond ASCII are "
      "boxes. Install one, for example the package fonts-dejavu-core.");
}
Lettering::~Lettering() = default;
Lettering::Lettering(Lettering&&) noexcept = default;
Lettering& Lettering::operator=(Lettering&&) noexcept = default;

int32_t Lettering::line_height(int32_t size) const {
  if (impl_->fonts.empty()) return 7 * std::max(size / 7, 1);
  impl_->fonts.set_size(size);
  const FT_Size_Metrics& metrics = impl_->fonts.first()->size->metrics;
  return pixels(metrics.ascender) + pixels(-metrics.descender);
}

int32_t Lettering::Impl::width_of(const std::u32string& points, int32_t size) {
  if (points.empty()) return 0;
  if (fonts.empty()) return static_cast<int32_t>(points.size()) * 6 * std::max(size / 7, 1);
  fonts.set_size(size);
  const RaqmLayout layout = lay_out(fonts, points);
  size_t count = 0;
  const raqm_glyph_t* glyphs = raqm_get_glyphs(layout.get(), &count);
  int64_t advance = 0;
  for (size_t i = 0; i < count; ++i) advance += glyphs[i].x_advance;
  return std::max(pixels(advance), 1);
}

int32_t Lettering::width(std::string_view text, int32_t size) const {
  return impl_->width_of(line_of(text), size);
}

TextPicture Lettering::picture(std::string_view text, int32_t size) const {
  const std::u32string points = line_of(text);
  FontSet& fonts = impl_->fonts;
  if (fonts.empty()) return ascii_picture(points, size);
  TextPicture picture{impl_->width_of(points, size), line_height(size), {}};
  if (points.empty()) return picture;
  picture.ink.resize(static_cast<size_t>(picture.width) * static_cast<size_t>(picture.height));
  const RaqmLayout layout = lay_out(fonts, points);
  size_t count = 0;
  const raqm_glyph_t* glyphs = raqm_get_glyphs(layout.get(), &count);
  const int64_t baseline = pixels(fonts.first()->size->metrics.ascender);
  int64_t pen = 0;  // in 64ths of a pixel
  for (size_t i = 0; i < count; ++i) {
    const raqm_glyph_t& glyph = glyphs[i];
    if (FT_Load_Glyph(glyph.ftface, glyph.index, kLoadFlags | FT_LOAD_RENDER) == 0) {
      const FT_GlyphSlot slot = glyph.ftface->glyph;
      add(slot->bitmap, ((pen + glyph.x_offset + 32) >> 6) + slot->bitmap_left,
          baseline - ((glyph.y_offset + 32) >> 6) - slot->bitmap_top, picture);
    }
    pen += glyph.x_advance;
  }
  return picture;
}

std::string Lettering::fitted(std::string_view text, int32_t size, int32_t width) const {
  const std::u32string points = line_of(text);
  if (points.size() < kMostLetters && impl_->width_of(points, size) <= width)
    return std::string(text);
  size_t most = 0;  // how many letters fit; widths grow with their number
  for (size_t low = 1, high = points.size(); low <= high;) {
    const size_t middle = (low + high) / 2;
    if (impl_->width_of(points.substr(0, middle) + U'\u2026', size) <= width) {
      most = middle;
      low = middle + 1;
    } else {
      high = middle - 1;
    }
  }
  return std::string(front(text, most)) + "\u2026";
}

}  // namespace stoker::draw
