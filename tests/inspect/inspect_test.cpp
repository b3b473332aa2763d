#include "stoker/inspect/inspect.h"

#include "data/files.h"
#include "decode/golden_images.h"
#include "stoker/augment/normalize.h"
#include "stoker/core/error.h"
#include "stoker/data/guess.h"
#include "stoker/data/image_folder.h"
#include "stoker/draw/lettering.h"
#include "stoker/inspect/augment_sheet.h"
#include "stoker/inspect/contact_sheet.h"
#include "support/catch.h"
#include "support/temporary.h"

namespace stoker::inspect {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::plain_png;
using test::write;

// Two classes: 4x3 RGB of value 10 and 7x5 gray of value 30 in one, a broken image in the other.
void write_set(const fs::path& root) {
  write(root / "a/1.png", plain_png(4, 3, 10));
  write(root / "a/2.png", plain_png(7, 5, 30, 1));
  write(root / "b/1.png", plain_png(4, 3, 10));
  std::vector<std::byte> broken = plain_png(4, 3, 10);
  broken.resize(broken.size() - 15);
  write(root / "b/2.png", broken);
}

TEST_CASE("inspect counts, measures and lists", "[inspect]") {
  const test::TemporaryFolder folder;
  write_set(folder.path());
  const auto dataset = data::open_image_folder(folder.path());
  for (const int threads : {1, 3}) {
    const Inspection found = inspect(*dataset, {}, threads);
    CHECK(found.images == 4);
    REQUIRE(found.classes.size() == 2);
    CHECK(found.classes[0].name == "a");
    CHECK(found.classes[1].images == 2);
    CHECK(found.sizes == std::map<ImageSize, int64_t>{{{4, 3}, 2}, {{7, 5}, 1}});
    CHECK(found.modes == std::map<std::string, int64_t>{{"RGB", 2}, {"L", 1}});
    CHECK(found.decoded_bytes == 2 * 36 + 35);
    // 24 pixels of 10 and 35 of 30.
    const double mean = (24 * 10 + 35 * 30) / 59.0;
    const double variance = (24 * 100 + 35 * 900) / 59.0 - mean * mean;
    for (size_t c = 0; c < 3; ++c) {
      CHECK(found.mean[c] == Approx(mean / 255).epsilon(1e-12));
      CHECK(found.std[c] == Approx(std::sqrt(variance) / 255).epsilon(1e-9));
    }
    REQUIRE(found.unreadable.size() == 1);
    CHECK(found.unreadable[0].index == 3);
    CHECK_THAT(found.unreadable[0].name, Catch::EndsWith("b/2.png"));
    CHECK_THAT(found.unreadable[0].reason, Catch::Contains("truncated"));
  }
}

TEST_CASE("verify lists every unreadable file in order", "[inspect]") {
  const test::TemporaryFolder folder;
  for (int i = 0; i < 200; ++i) {
    std::vector<std::byte> png = plain_png(3, 2, 1);
    if (i % 50 == 7) png.resize(30);
    write(folder.path() / fmt::format("a/{:03}.png", i), png);
  }
  const auto found = verify(*data::open_image_folder(folder.path()), {}, 3);
  REQUIRE(found.size() == 4);
  for (size_t i = 0; i < 4; ++i) CHECK(found[i].index == int64_t(50 * i + 7));
}

TEST_CASE("a contact sheet is a PNG with a row a class", "[inspect]") {
  const test::TemporaryFolder folder;
  write_set(folder.path());
  const auto dataset = data::open_image_folder(folder.path());
  const auto png = contact_sheet(*dataset, {.images_per_class = 3, .tile = 16});
  std::vector<uint8_t> buffer;
  const auto image = decode::Decoder().decode(png, "sheet.png", buffer);
  CHECK(image.height == 2 * 12 + 2 * 16 + 4);
  const draw::Lettering letters;
  const int names = std::max(letters.width("a", 15), letters.width("b", 15)) + 15;
  CHECK(image.width == 2 * 12 + names + 3 * 16 + 2 * 4);
  const auto at = [&](int x, int y) { return int{image.pixels[y * image.row_bytes + 3 * x]}; };
  const int first_tile = 12 + names;
  CHECK(at(first_tile + 8, 12 + 8) == 10);  // the 4x3 image, four times as large
  CHECK(at(first_tile + 20 + 8, 12 + 8) == 30);
  CHECK(at(first_tile + 20, 12 + 20) == 200);  // the broken one is crossed out
  CHECK(at(first_tile + 20 + 8, 12 + 20 + 1) == 228);
}

TEST_CASE("an augmentation sheet shows what the loader makes of a sample", "[inspect]") {
  const test::TemporaryFolder folder;
  write(folder.path() / "a/1.png", plain_png(40, 40, 10));
  write(folder.path() / "b/1.png", plain_png(40, 40, 30));
  const std::shared_ptr<const data::Dataset> dataset = data::open_image_folder(folder.path());
  std::vector<config::Choice> steps;
  for (const char* name : {"random_invert", "normalize"})
    steps.push_back(augment::augmentations().pick(name));
  steps[1].as<augment::NormalizeOptions>() = {{0.4}, {0.2}};
  const auto pipeline = std::make_shared<const augment::Pipeline>(steps);
  const auto png = augment_sheet(dataset, pipeline, {.seed = 3, .threads = 1},
                                 {.samples = 5, .draws = 6, .tile = 40});
  std::vector<uint8_t> buffer;
  const auto image = decode::Decoder().decode(png, "sheet.png", buffer);
  CHECK(image.width == 2 * 12 + 7 * 46 - 6);
  CHECK(image.height == 2 * 12 + 2 * (40 + 4 * 13 + 9) - 6);  // a row for each of two samples
  int inverted = 0;
  for (int row = 0; row < 2; ++row)
    for (int column = 0; column < 7; ++column) {
      const int x = 12 + 46 * column + 20, y = 12 + 101 * row + 13 + 20;
      const int value = image.pixels[y * image.row_bytes + 3 * x], plain = row == 0 ? 10 : 30;
      const auto program =
          pipeline->recipe({3, static_cast<uint32_t>(column - 1), uint64_t(row)}, 40, 40).program;
      const bool inverts = column > 0 && program.count == 1;
      CHECK(value == (inverts ? 255 - plain : plain));
      inverted += inverts;
    }
  CHECK((inverted > 0 && inverted < 12));
}

TEST_CASE("an augmentation sheet has room for what many steps draw", "[inspect]") {
  const test::TemporaryFolder folder;
  write(folder.path() / "a/1.png", plain_png(9, 8, 10));
  std::vector<config::Choice> steps;
  for (const char* name : {"color_jitter", "rand_augment", "auto_augment", "gaussian_noise",
                           "salt_and_pepper", "random_affine", "random_erasing"})
    steps.push_back(augment::augmentations().pick(name));
  const auto pipeline = std::make_shared<const augment::Pipeline>(steps);
  for (const int32_t tile : {32, 64, 200})
    CHECK_NOTHROW(augment_sheet(data::open_image_folder(folder.path()), pipeline, {.threads = 1},
                                {.draws = 40, .tile = tile}));
}

TEST_CASE("a program is told in a few words", "[inspect]") {
  using enum kernels::OpKind;
  augment::Recipe recipe;
  recipe.geometry.box_w = 60;
  recipe.geometry.box_h = 40;
  kernels::Program& program = recipe.program;
  CHECK(words_of(recipe, 60, 40) == "as it is");
  program.add({kHue, {-0.08f}});
  program.add({kEqualize});
  program.add({kWarp, {1, 0, -5, 0, 1, 3}});
  program.add({kContrast, {1.5f}});
  program.erase.width = 3;
  CHECK(words_of(recipe, 60, 40) == "hue -0.08, equalize, move 5 -3, contrast 1.5, erase");
  recipe.geometry.flip_x = true;
  recipe.program = {};
  CHECK(words_of(recipe, 80, 40) == "box 60x40, mirrored");
}

TEST_CASE("splits are found by what a folder holds", "[inspect]") {
  const test::TemporaryFolder folder;
  const fs::path root = folder.path();
  const auto names = [](const std::vector<data::FoundSplit>& splits) {
    std::vector<std::string> list;
    for (const data::FoundSplit& split : splits) list.push_back(split.name);
    return list;
  };
  using Names = std::vector<std::string>;
  write_set(root / "plain");
  CHECK(names(data::find_splits(root / "plain")) == Names{"plain"});
  write_set(root / "split/train");
  write_set(root / "split/test");
  const auto splits = data::find_splits(root / "split");
  CHECK(names(splits) == Names{"train", "test"});
  for (const data::FoundSplit& split : splits)
    CHECK(data::open_dataset(split.options, split.split)->size() == 4);
  write(root / "labels.csv", "path,label\nplain/a/1.png,x\n");
  const auto manifest = data::find_splits(root / "labels.csv");
  CHECK(names(manifest) == Names{"labels"});
  CHECK(data::open_dataset(manifest[0].options, data::Split::kTrain)->size() == 1);
  CHECK_THAT(message_of<DataError>([&] { data::find_splits(root / "none"); }),
             Catch::Contains("no such file or folder"));
  fs::create_directory(root / "void");
  CHECK_THAT(message_of<DataError>([&] { data::find_splits(root / "void"); }),
             Catch::Contains("no data set is there"));
}

}  // namespace
}  // namespace stoker::inspect
