#include "stoker/draw/lettering.h"

#include <algorithm>
#include <string>

#include "stoker/draw/code_points.h"
#include "stoker/draw/confusion_picture.h"
#include "stoker/draw/drawing.h"
#include "stoker/draw/embedded_font.h"
#include "support/catch.h"
#include "support/temporary.h"

namespace stoker::draw {
namespace {

namespace fs = std::filesystem;

// DejaVu Sans, which setup.sh installs, holds Latin, Cyrillic, Greek and Arabic, but no Chinese.
bool has_dejavu() {
  const auto files = font_files(font_folders());
  return !files.empty() && files[0].filename() == "DejaVuSans.ttf";
}

// Alone in a folder, so that what the machine has besides makes no difference.
struct DejavuAlone {
  test::TemporaryFolder folder;
  Lettering letters{make()};

  std::vector<fs::path> make() {
    fs::copy(font_files(font_folders()).at(0), folder.path() / "DejaVuSans.ttf");
    return {folder.path()};
  }
};

int64_t ink_of(const TextPicture& picture) {
  int64_t sum = 0;
  for (const uint8_t ink : picture.ink) sum += ink;
  return sum;
}

bool same(const TextPicture& a, const TextPicture& b) {
  return a.width == b.width && a.height == b.height && a.ink == b.ink;
}

TEST_CASE("text becomes code points, and what is no UTF-8 a replacement", "[draw]") {
  CHECK(code_points("aж猫😀") == U"aж猫😀");
  CHECK(code_points("") == U"");
  CHECK(code_points("a\xFF"
                    "b\xC3") == U"a\uFFFDb\uFFFD");
  CHECK(code_points("\xE7\x8C") == U"\uFFFD\uFFFD");            // cut
  CHECK(code_points("\xC0\xAF") == U"\uFFFD\uFFFD");            // not the shortest form
  CHECK(code_points("\xED\xA0\x80") == U"\uFFFD\uFFFD\uFFFD");  // a surrogate
  CHECK(code_points("\xF5\x80\x80\x80").size() == 4);           // above U+10FFFF
  CHECK(code_points("a\x1B[31m\n\x7F\xC2\x85") == U"a\uFFFD[31m\uFFFD\uFFFD\uFFFD");  // controls
}

TEST_CASE("without a font letters are plain ASCII", "[draw]") {
  const Lettering letters({}, EmbeddedFont::kUnused);
  CHECK(letters.line_height(14) == 14);
  CHECK(letters.width("abc", 14) == 3 * 12);
  const TextPicture cat = letters.picture("cat", 7);
  CHECK((cat.width == 18 && cat.height == 7));
  CHECK(same(cat, letters.picture("CAT", 7)));
  CHECK(same(letters.picture("ж", 7), letters.picture("\xFF", 7)));  // a box
  CHECK(ink_of(letters.picture("ж", 7)) == 20 * 255);
  CHECK(letters.fitted("abcdef", 7, 24) == "abc…");
  CHECK(letters.width("", 14) == 0);
}

TEST_CASE("where no font is installed the program's own draws as the installed one does",
          "[draw]") {
  if (!has_dejavu()) return;
  REQUIRE_FALSE(embedded_font().empty());
  const Lettering own{std::vector<fs::path>{}};
  const DejavuAlone dejavu;
  for (const char* text : {"cat", "кошка", "قطة", "猫", "\xFF"}) {
    CHECK(same(own.picture(text, 16), dejavu.letters.picture(text, 16)));
    CHECK(own.width(text, 16) == dejavu.letters.width(text, 16));
  }
  CHECK(own.line_height(16) == dejavu.letters.line_height(16));
}

TEST_CASE("letters of several scripts differ, and missing ones are boxes", "[draw]") {
  if (!has_dejavu()) return;
  const DejavuAlone dejavu;
  const Lettering& letters = dejavu.letters;
  const auto picture = [&](std::string_view text) { return letters.picture(text, 16); };
  CHECK_FALSE(same(picture("cat"), picture("CAT")));
  CHECK_FALSE(same(picture("к"), picture("ж")));
  CHECK_FALSE(same(picture("ق"), picture("ط")));
  CHECK(ink_of(picture("кошка")) > 1000);
  CHECK(same(picture("猫"), picture("犬")));  // two letters that this font lacks: one box
  CHECK(ink_of(picture("猫")) > 0);
  CHECK(same(picture("\xFF"), picture("\uFFFD")));
  CHECK_FALSE(same(picture("\xFF"), picture("猫")));
  CHECK(same(picture("a\nb"), picture("a\uFFFD"
                                      "b")));
}

TEST_CASE("Arabic is joined and runs from right to left", "[draw]") {
  if (!has_dejavu()) return;
  const DejavuAlone dejavu;
  const Lettering& letters = dejavu.letters;
  // Joined letters take less room than the same apart, which a non-joiner (U+200C) keeps.
  CHECK(letters.width("ببب", 32) < letters.width("ب\u200Cب\u200Cب", 32));
  // A word of alef and beh begins with the tall alef: on the right.
  const TextPicture word = letters.picture("اب", 32);
  const auto tall = [&](int32_t from, int32_t to) {
    int64_t ink = 0;
    for (int32_t y = 0; y < word.height / 2; ++y)
      for (int32_t x = from; x < to; ++x) ink += word.ink[size_t(y * word.width + x)];
    return ink;
  };
  CHECK(tall(word.width / 2, word.width) > 2 * tall(0, word.width / 2));
}

TEST_CASE("text is shortened to fit, between letters", "[draw]") {
  if (!has_dejavu()) return;
  const DejavuAlone dejavu;
  const Lettering& letters = dejavu.letters;
  const std::string name = "Очень длинное имя класса \xFF\xFE из каталога";
  CHECK(letters.fitted("кот", 14, 200) == "кот");
  for (int32_t width = 20; width < letters.width(name, 14) + 20; width += 7) {
    const std::string fitted = letters.fitted(name, 14, width);
    CAPTURE(width, fitted);
    CHECK(letters.width(fitted, 14) <= width);
    const bool is_front =
        fitted.ends_with("…") && name.starts_with(fitted.substr(0, fitted.size() - 3));
    CHECK((fitted == name || is_front));
  }
  const std::string endless(1'000'000, 'x');
  CHECK(letters.width(letters.fitted(endless, 14, 100), 14) <= 100);
  CHECK(letters.picture(endless, 14).width < 10'000);
}

TEST_CASE("a font that is no font is passed over", "[draw]") {
  const test::TemporaryFolder folder;
  test::write(folder.path() / "DejaVuSans.ttf", "not a font");
  CHECK(Lettering({folder.path()}, EmbeddedFont::kUnused).width("ab", 7) == 12);
  CHECK(Lettering({folder.path() / "absent"}, EmbeddedFont::kUnused).width("ab", 7) == 12);
}

TEST_CASE("text beyond the edge of a drawing is cut off", "[draw]") {
  const Lettering letters(std::vector<fs::path>{});
  Drawing drawing(9, 5, {0, 0, 0});
  const TextPicture text = letters.picture("box", 14);
  for (const int32_t at : {-100, -3, 0, 4, 100}) {
    drawing.write(text, at, at, {255, 255, 255});
    drawing.write_up(text, at, at, {255, 255, 255});
  }
  CHECK(drawing.view().width == 9);
}

TEST_CASE("a confusion matrix names its classes in any script", "[draw]") {
  const std::vector<std::vector<int64_t>> counts{
      {3, 1, 0, 0}, {0, 5, 0, 0}, {1, 0, 2, 9}, {0, 0, 0, 1}};
  CHECK_NOTHROW(confusion_picture({"кошка", "قطة", "猫", "bad\xFF\xFEname"}, counts));
  CHECK_NOTHROW(confusion_picture({"", " ", "\n", std::string(5000, 'w')}, counts));
}

}  // namespace
}  // namespace stoker::draw
