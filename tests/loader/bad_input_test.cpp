// Every kind of bad file, and of odd but good ones, through each data set that holds files, with
// and without the cache of decoded images (whole decoding and that of regions), for the CPU and for
// a device: an error that names the file and its reason, or a counted skip.
#include <map>

#include "data/files.h"
#include "decode/animated.h"
#include "decode/golden_images.h"
#include "decode/make_jpeg.h"
#include "stoker/augment/resize.h"
#include "stoker/core/error.h"
#include "stoker/data/table.h"
#include "stoker/loader/loader.h"
#include "support/catch.h"
#include "support/tar.h"
#include "support/temporary.h"

using namespace stoker;
using test::golden_image;
using test::text_of;

namespace {

namespace fs = std::filesystem;

struct Kind {
  std::string file;    // what follows the ending says how the file came to be
  std::string reason;  // that it is refused for; empty where it is read
};

std::string with_byte(std::string file, size_t at, char value) {
  file.at(at) = value;
  return file;
}

// By file name. A number ahead of it would change nothing: each is looked up by its name.
std::map<std::string, Kind> kinds() {
  const std::string jpeg = text_of(test::make_jpeg({.width = 61, .height = 47}));
  const std::string png = text_of(golden_image("png rgb 8").file);
  std::map<std::string, Kind> kinds{
      {"truncated.jpg", {jpeg.substr(0, jpeg.size() / 2), "truncated"}},
      {"truncated.png", {png.substr(0, png.size() / 2), "PNG cannot be decoded"}},
      {"progressive.jpg",
       {text_of(golden_image("jpeg progressive rgb").file).substr(0, 400), "truncated"}},
      {"corrupt.jpg",
       {jpeg.substr(0, jpeg.size() - 60) + jpeg.substr(jpeg.size() - 2), "JPEG cannot be decoded"}},
      {"corrupt.png", {with_byte(png, png.size() - 30, '!'), "PNG cannot be decoded"}},
      {"empty.jpg", {"", "the file is empty"}},
      {"text.jpg", {"not an image", "text in place of the image"}},
      {"page.png", {"<!DOCTYPE html>", "web page"}},
      {"huge.png", {with_byte(with_byte(png, 16, '\x7f'), 20, '\x7f'), "megapixels"}},
      {"a_png.jpg", {png, ""}},
      {"a_jpeg.png", {jpeg, ""}},
      {"cmyk.jpg", {text_of(golden_image("jpeg cmyk").file), ""}},
      {"ycck.jpg", {text_of(golden_image("jpeg ycck").file), ""}},
      {"sixteen.png", {text_of(golden_image("png rgb 16").file), ""}},
      {"animated.png", {test::animated_png(), ""}},
      {"rotated.jpg", {text_of(golden_image("jpeg orientation 6").file), ""}},
      {"rotated.png", {text_of(golden_image("png orientation 6").file), ""}},
  };
#if STOKER_HAS_OPENCV
  kinds["sixteen.tif"] = {text_of(golden_image("tiff gray 16").file), ""};
  kinds["truncated.webp"] = {text_of(golden_image("webp lossless").file).substr(0, 60), "WebP"};
#endif
  return kinds;
}

std::string class_of(const std::string& file) { return file < "m" ? "first" : "second"; }

// The kinds as a data set of one format, opened; what is to vanish has vanished afterwards.
std::shared_ptr<const data::Dataset> open(const std::string& format, data::Cache cache,
                                          const fs::path& root) {
  std::string manifest = "path,label\n";
  std::vector<test::TarMember> members;
  for (const auto& [file, kind] : kinds()) {
    const std::string folder = class_of(file);
    const fs::path path = fs::path(format == "csv" ? "images" : "train") / folder / file;
    if (format != "shards") test::write(root / path, kind.file);
    manifest += fmt::format("{},{}\n", path.string(), folder);
    // The ending is no part of a sample's key.
    std::string key = file;
    key[key.find('.')] = '-';
    members.push_back({.name = key + "." + file.substr(file.find('.') + 1), .content = kind.file});
    members.push_back({.name = key + ".cls", .content = folder == "first" ? "0" : "1"});
  }
  if (format == "csv") test::write(root / "train.csv", manifest);
  if (format == "shards") test::write(root / "train-0.tar", test::tar_of(members));
  return data::open_dataset(
      {.format = data::formats().pick(format), .root = root.string(), .cache = cache},
      data::Split::kTrain);
}

// The kind behind a sample's name, by its path's or its key's last part.
std::string kind_of(const std::string& name) {
  std::string file = name.substr(name.find_last_of("/:") + 1);
  if (const size_t dash = file.find('-'); dash != std::string::npos) file[dash] = '.';
  return file;
}

// Loads samples [first, first + count) in their own order.
struct Loaded {
  std::vector<int64_t> samples;
  std::vector<loader::SkippedSample> skipped;
};
Loaded load(const std::shared_ptr<const data::Dataset>& dataset, loader::Stage stage,
            data::OnError on_error, int64_t first, int64_t count) {
  config::Choice resize = augment::augmentations().pick("resize");
  resize.as<augment::ResizeOptions>().size = {9, 7};
  bool given = false;
  loader::LoaderOptions options{.shuffle = false, .stage = stage, .threads = 2};
  options.on_error = on_error;
  loader::Loader loader(dataset, std::make_shared<augment::Pipeline>(std::vector{resize}), options,
                        loader::plain_memory(), [&]() -> std::optional<loader::Chunk> {
                          if (std::exchange(given, true)) return std::nullopt;
                          return loader::Chunk{0, first, count};
                        });
  Loaded loaded;
  loaded.samples = loader.next()->samples;
  loaded.skipped = loader.skipped();
  return loaded;
}

void check_all(const std::shared_ptr<const data::Dataset>& dataset, loader::Stage stage) {
  const auto expected = kinds();
  REQUIRE(dataset->size() == std::ssize(expected));
  const Loaded loaded = load(dataset, stage, data::OnError::kSkip, 0, dataset->size());
  std::vector<int64_t> good;
  size_t bad = 0;
  for (int64_t i = 0; i < dataset->size(); ++i) {
    const std::string name = dataset->name(i);
    CAPTURE(name);
    const std::string reason = expected.at(kind_of(name)).reason;
    if (reason.empty()) {
      good.push_back(i);
      continue;
    }
    REQUIRE(bad < loaded.skipped.size());
    CHECK(loaded.skipped[bad].name == name);
    CHECK_THAT(loaded.skipped[bad].reason, Catch::Contains(name) && Catch::Contains(reason));
    ++bad;
    CHECK_THAT(
        test::message_of<DataError>([&] { load(dataset, stage, data::OnError::kFail, i, 1); }),
        Catch::Contains(name) && Catch::Contains(reason));
  }
  CHECK(loaded.skipped.size() == bad);
  CHECK(loaded.samples == good);
}

}  // namespace

TEST_CASE("bad input: each kind of file is read, or refused by name, on every path",
          "[loader][bad_input]") {
  for (const std::string format : {"image_folder", "csv", "shards"})
    for (const data::Cache cache : {data::Cache::kNone, data::Cache::kMemory})
      for (const loader::Stage stage : {loader::Stage::kAugmented, loader::Stage::kDecoded}) {
        INFO(format << ", cache " << int(cache) << ", stage " << int(stage));
        const test::TemporaryFolder folder;
        check_all(open(format, cache, folder.path()), stage);
      }
}

TEST_CASE("bad input: files that vanish or are cut while they are in use", "[loader][bad_input]") {
  for (const std::string format : {"image_folder", "csv"})
    for (const data::Cache cache : {data::Cache::kNone, data::Cache::kMemory}) {
      INFO(format << ", cache " << int(cache));
      const test::TemporaryFolder folder;
      const auto dataset = open(format, cache, folder.path());
      int64_t sample = 0;
      while (kind_of(dataset->name(sample)) != "rotated.jpg") ++sample;
      const std::string name = dataset->name(sample);
      const auto stage = loader::Stage::kAugmented;
      REQUIRE(load(dataset, stage, data::OnError::kFail, sample, 1).samples.size() == 1);
      fs::remove(name);
      // What the cache keeps it need not read again.
      const bool kept = cache == data::Cache::kMemory;
      const Loaded loaded = load(dataset, stage, data::OnError::kSkip, sample, 1);
      CHECK(loaded.samples.size() == (kept ? 1 : 0));
      CHECK(loaded.skipped.size() == (kept ? 0 : 1));
      if (!kept) CHECK_THAT(loaded.skipped[0].reason, Catch::Contains("No such file"));
    }
  const test::TemporaryFolder folder;
  const auto shards = open("shards", data::Cache::kNone, folder.path());
  fs::resize_file(folder.path() / "train-0.tar", 700);
  const Loaded loaded =
      load(shards, loader::Stage::kAugmented, data::OnError::kSkip, 0, shards->size());
  CHECK(loaded.samples.empty());
  CHECK_THAT(loaded.skipped.back().reason, Catch::Contains("cut short since it was opened"));
}
