#include "stoker/draw/confusion_picture.h"

#include "stoker/core/error.h"
#include "stoker/decode/decode.h"
#include "support/catch.h"

namespace stoker::draw {
namespace {

struct Decoded {
  std::vector<uint8_t> buffer;
  kernels::ImageView image;

  explicit Decoded(const std::vector<std::byte>& png)
      : image(decode::Decoder().decode(png, "confusion.png", buffer)) {}
  // Whether any pixel is nearly of this colour.
  bool has(int red, int green, int blue) const {
    for (int y = 0; y < image.height; ++y)
      for (int x = 0; x < image.width; ++x) {
        const uint8_t* p = image.pixels + y * image.row_bytes + 3 * x;
        if (std::abs(p[0] - red) + std::abs(p[1] - green) + std::abs(p[2] - blue) < 6) return true;
      }
    return false;
  }
};

std::vector<std::vector<int64_t>> diagonal(size_t classes, int64_t count) {
  std::vector<std::vector<int64_t>> counts(classes, std::vector<int64_t>(classes));
  for (size_t i = 0; i < classes; ++i) counts[i][i] = count;
  return counts;
}

TEST_CASE("a confusion matrix without mistakes has no red in it", "[draw]") {
  const Decoded right(confusion_picture({"cat", "dog", "owl"}, diagonal(3, 50)));
  CHECK(right.has(33, 102, 172));
  CHECK_FALSE(right.has(196, 60, 44));
  auto counts = diagonal(3, 50);
  counts[1] = {90, 0, 0};
  const Decoded wrong(confusion_picture({"cat", "dog", "owl"}, counts));
  CHECK(wrong.has(196, 60, 44));
}

TEST_CASE("a confusion matrix stays within a screen or two for any number of classes", "[draw]") {
  for (const size_t classes : {1, 2, 10, 21, 41, 100, 300, 1000}) {
    CAPTURE(classes);
    std::vector<std::string> names;
    for (size_t i = 0; i < classes; ++i)
      names.push_back(std::string(1 + i % 30, 'x') + std::to_string(i));
    const Decoded picture(confusion_picture(names, diagonal(classes, 123456)));
    CHECK(picture.image.width == picture.image.height);
    CHECK(picture.image.width < 2200);
    CHECK(picture.image.width >= int(classes) * 2);
  }
}

TEST_CASE("a class without images leaves its row white", "[draw]") {
  CHECK_NOTHROW(confusion_picture({"a", "b"}, {{0, 0}, {3, 1}}));
}

TEST_CASE("a confusion matrix that is not square is a defect", "[draw]") {
  CHECK_THROWS_AS(confusion_picture({"a", "b"}, {{0, 0}}), InternalError);
  CHECK_THROWS_AS(confusion_picture({"a", "b"}, {{0, 0}, {1}}), InternalError);
  CHECK_THROWS_AS(confusion_picture({}, {}), InternalError);
}

}  // namespace
}  // namespace stoker::draw
