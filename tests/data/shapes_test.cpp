#include "stoker/data/shapes.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "data/files.h"
#include "stoker/core/error.h"
#include "stoker/core/hash.h"
#include "stoker/data/figures.h"
#include "stoker/data/image_folder.h"
#include "stoker/data/make_shapes.h"
#include "support/catch.h"
#include "support/temporary.h"

namespace stoker::data {
namespace {

std::string pixels_of(const Dataset& dataset, int64_t index) {
  std::vector<std::byte> scratch;
  const Record record = dataset.get(index, scratch);
  return {reinterpret_cast<const char*>(record.pixels.pixels),
          size_t(record.pixels.row_bytes) * size_t(record.pixels.height)};
}

TEST_CASE("a shape depends on seed, split and index alone", "[shapes]") {
  const auto dataset = make_shapes_dataset({.images = 40, .size = 16, .seed = 5});
  const auto again = make_shapes_dataset({.images = 4000, .size = 16, .seed = 5});
  std::set<std::string> different;
  for (int64_t i = 0; i < 40; ++i) {
    CHECK(pixels_of(*dataset, i) == pixels_of(*again, i));
    different.insert(pixels_of(*dataset, i));
  }
  const auto val = make_shapes_dataset({.images = 40, .size = 16, .seed = 5, .split = Split::kVal});
  const auto other = make_shapes_dataset({.images = 40, .size = 16, .seed = 6});
  for (int64_t i = 0; i < 40; ++i) {
    different.insert(pixels_of(*val, i));
    different.insert(pixels_of(*other, i));
  }
  CHECK(different.size() == 120);
}

TEST_CASE("labels are balanced and named", "[shapes]") {
  const auto dataset = make_shapes_dataset({.images = 30});
  CHECK(dataset->class_names().size() == 10);
  std::vector<int> counts(10);
  for (int64_t i = 0; i < 30; ++i) ++counts[size_t(dataset->label(i))];
  CHECK(counts == std::vector<int>(10, 3));
}

TEST_CASE("fewer figures are the first ones", "[shapes]") {
  const auto few = make_shapes_dataset({.images = 10, .size = 9, .classes = 3});
  CHECK(few->class_names() == std::vector<std::string>{"circle", "ring", "crescent"});
  for (int64_t i = 0; i < few->size(); ++i) CHECK(few->label(i) == i % 3);
  CHECK_THROWS_AS(make_shapes_dataset({.classes = 11}), InternalError);
}

TEST_CASE("every figure lies within the unit circle and fills part of it", "[shapes]") {
  for (const Figure& figure : figures()) {
    CAPTURE(figure.name());
    int inside = 0;
    constexpr int kSteps = 60;
    for (int y = -kSteps; y <= kSteps; ++y)
      for (int x = -kSteps; x <= kSteps; ++x) {
        const Point p{1.2f * float(x) / kSteps, 1.2f * float(y) / kSteps};
        if (figure.distance(p) >= 0) continue;
        ++inside;
        CHECK(std::hypot(p.x, p.y) < 1.03f);
      }
    const double share = inside / std::pow(2 * kSteps + 1, 2) * 1.2 * 1.2 * 4 / 3.14159;
    CHECK(share > 0.2);
    CHECK(share < 0.8);
  }
}

// Nearest class mean, the simplest linear model: hardly better than the chance of 10 %.
TEST_CASE("the mean image of a class tells little about it", "[shapes]") {
  constexpr int64_t kTrain = 1000, kVal = 300;
  constexpr size_t kBytes = 16 * 16 * 3;
  const auto train = make_shapes_dataset({.images = kTrain, .size = 16});
  const auto val = make_shapes_dataset({.images = kVal, .size = 16, .split = Split::kVal});
  std::vector<std::vector<double>> means(10, std::vector<double>(kBytes));
  for (int64_t i = 0; i < kTrain; ++i) {
    const std::string pixels = pixels_of(*train, i);
    for (size_t b = 0; b < kBytes; ++b)
      means[size_t(train->label(i))][b] += uint8_t(pixels[b]) / (kTrain / 10.0);
  }
  int right = 0;
  for (int64_t i = 0; i < kVal; ++i) {
    const std::string pixels = pixels_of(*val, i);
    std::vector<double> distances;
    for (const std::vector<double>& mean : means) {
      double distance = 0;
      for (size_t b = 0; b < kBytes; ++b) distance += std::pow(uint8_t(pixels[b]) - mean[b], 2);
      distances.push_back(distance);
    }
    right += std::ranges::min_element(distances) - distances.begin() == val->label(i);
  }
  CHECK(right < kVal * 0.3);
}

TEST_CASE("shapes written as PNG read back as the same pixels", "[shapes]") {
  const test::TemporaryFolder folder;
  const auto root = folder.path() / "shapes";
  write_shapes(root, {.train_images = 20, .val_images = 10, .size = 12, .seed = 3});
  const auto files = open_image_folder(root / "train");
  const auto shapes = make_shapes_dataset({.images = 20, .size = 12, .seed = 3});
  REQUIRE(files->size() == 20);
  CHECK(open_image_folder(root / "val")->size() == 10);
  std::set<std::string> expected, read;
  std::vector<std::byte> scratch;
  std::vector<uint8_t> buffer;
  for (int64_t i = 0; i < 20; ++i) {
    expected.insert(pixels_of(*shapes, i));
    const auto image =
        decode::Decoder().decode(files->get(i, scratch).encoded, files->name(i), buffer);
    read.insert({reinterpret_cast<const char*>(image.pixels), 12 * 12 * 3});
  }
  CHECK(read == expected);
  CHECK_THAT(test::message_of<DataError>([&] { write_shapes(root, {}); }),
             Catch::Contains("already there"));
}

}  // namespace
}  // namespace stoker::data
