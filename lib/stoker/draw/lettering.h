// Text in any script as pictures: shaped by HarfBuzz and FriBidi through Raqm, drawn by FreeType.
//
//   Lettering letters;
//   const int32_t room = letters.width("кошка", 14);
//   drawing.write(letters.picture(letters.fitted(name, 14, 120), 14), x, y, ink);
//
// Fonts are the system's: DejaVu Sans or Noto Sans first, then whatever has the letter, and the one
// that the program carries where the system has none. A letter that no font has is a box. In a
// build without a font, on a machine without one, a warning says so once, and letters are those of
// ascii_letters.h. Text is UTF-8; other bytes show as U+FFFD. Not thread-safe: one for
// each thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/draw/font_files.h"

namespace stoker::draw {

// A line of text: how much of each pixel is ink, 0 to 255, rows from the top.
struct TextPicture {
  int32_t width = 0, height = 0;
  std::vector<uint8_t> ink;

  uint8_t at(int32_t x, int32_t y) const {
    return ink[static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)];
  }
};

enum class EmbeddedFont { kUsed, kUnused };

class Lettering {
 public:
  explicit Lettering(const std::vector<std::filesystem::path>& folders = font_folders(),
                     EmbeddedFont embedded = EmbeddedFont::kUsed);
  ~Lettering();
  Lettering(Lettering&&) noexcept;
  Lettering& operator=(Lettering&&) noexcept;

  // size: of an em, in pixels. The picture is line_height(size) high.
  TextPicture picture(std::string_view text, int32_t size) const;
  int32_t width(std::string_view text, int32_t size) const;
  int32_t line_height(int32_t size) const;
  // The text, or as much of its front as fits into `width` pixels with "…" behind it (that
  // alone where nothing fits). UTF-8.
  std::string fitted(std::string_view text, int32_t size, int32_t width) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stoker::draw
