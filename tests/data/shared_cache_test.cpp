#include "stoker/data/shared_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "data/files.h"
#include "data/small_disk.h"
#include "stoker/core/error.h"
#include "stoker/data/shared_pixels_file.h"
#include "stoker/data/table.h"
#include "support/catch.h"
#include "support/child.h"

namespace stoker::data {
namespace {

using test::plain_png;
using test::TemporaryFolder;

// A data set of images of all-different sizes and values in two classes.
void make_images(const std::filesystem::path& root, int images, int first_value = 0) {
  for (int i = 0; i < images; ++i)
    test::write(root / "train" / (i % 2 == 0 ? "cat" : "dog") / fmt::format("{:03}.png", i),
                plain_png(4 + i % 5, 3 + i % 3, static_cast<uint8_t>(first_value + i)));
}

DataOptions options_for(const std::filesystem::path& root, const std::filesystem::path& cache,
                        Cache mode = Cache::kShared) {
  DataOptions options{.format = formats().pick("image_folder"), .root = root.string()};
  options.cache = mode;
  options.cache_dir = cache.string();
  return options;
}

std::vector<std::vector<uint8_t>> all_pixels(const Dataset& dataset, bool expect_decoded) {
  std::vector<std::vector<uint8_t>> all;
  std::vector<std::byte> scratch;
  decode::Decoder decoder;
  std::vector<uint8_t> buffer;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    const Record record = dataset.get(i, scratch);
    CHECK(record.is_decoded() == expect_decoded);
    const kernels::ImageView image =
        record.is_decoded() ? record.pixels : decoder.decode(record.encoded, "image", buffer);
    std::vector<uint8_t>& pixels = all.emplace_back();
    for (int32_t y = 0; y < image.height; ++y) {
      const uint8_t* row = image.pixels + y * image.row_bytes;
      pixels.insert(pixels.end(), row, row + image.width * image.channels);
    }
  }
  return all;
}

int64_t decoding_ns(const Dataset& dataset) {
  std::vector<std::byte> scratch;
  int64_t ns = 0;
  for (int64_t i = 0; i < dataset.size(); ++i) ns += dataset.get(i, scratch).decode_ns;
  return ns;
}

size_t pixel_files(const std::filesystem::path& folder) {
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    files += entry.path().extension() == kPixelsEnding;
  return files;
}

TEST_CASE("shared pixels are those of no cache, decoded once for two who open it",
          "[shared_cache]") {
  const TemporaryFolder folder;
  make_images(folder.path() / "data", 12);
  const DataOptions options = options_for(folder.path() / "data", folder.path() / "cache");
  const auto plain = open_dataset(
      options_for(folder.path() / "data", folder.path() / "cache", Cache::kNone), Split::kTrain);
  const auto first = open_dataset(options, Split::kTrain);
  const auto second = open_dataset(options, Split::kTrain);
  CHECK(decoding_ns(*first) > 0);
  CHECK(decoding_ns(*second) == 0);
  CHECK(all_pixels(*first, true) == all_pixels(*plain, false));
  CHECK(all_pixels(*second, true) == all_pixels(*plain, false));
  CHECK(first->kept_bytes_estimate() > 0);
  CHECK(first->kept_bytes_estimate() == second->kept_bytes_estimate());
}

TEST_CASE("an image that changed in place is another one, whatever its size and time say",
          "[shared_cache]") {
  const TemporaryFolder folder;
  make_images(folder.path() / "data", 6);
  const DataOptions options = options_for(folder.path() / "data", folder.path() / "cache");
  all_pixels(*open_dataset(options, Split::kTrain), true);
  const auto path = folder.path() / "data/train/cat/000.png";
  const auto time = std::filesystem::last_write_time(path);
  test::write(path, plain_png(4, 3, 200));
  std::filesystem::last_write_time(path, time);
  const auto changed = open_dataset(options, Split::kTrain);
  CHECK(all_pixels(*changed, true)[0] == std::vector<uint8_t>(4 * 3 * 3, 200));
  CHECK(pixel_files(folder.path() / "cache") == 1);
}

TEST_CASE("data sets, limits and ways of decoding have files of their own; folds share one",
          "[shared_cache]") {
  const TemporaryFolder folder;
  make_images(folder.path() / "a", 20);
  make_images(folder.path() / "b", 20, 100);
  const auto cache = folder.path() / "cache";
  const auto open = [&](DataOptions options) { return open_dataset(options, Split::kTrain); };
  DataOptions options = options_for(folder.path() / "a", cache);
  const auto a = all_pixels(*open(options), true);
  CHECK(all_pixels(*open(options_for(folder.path() / "b", cache)), true)[0] != a[0]);
  CHECK(pixel_files(cache) == 2);
  options.max_megapixels = 1;
  open(options);
  CHECK(pixel_files(cache) == 3);
  DataOptions fold = options_for(folder.path() / "a", cache);
  fold.fold = "1/5";
  CHECK(decoding_ns(*open(fold)) == 0);
  fold.fold = "2/5";
  CHECK(decoding_ns(*open_dataset(fold, Split::kVal)) == 0);
  CHECK(pixel_files(cache) == 3);
}

TEST_CASE("computed images are shared as well", "[shared_cache]") {
  const TemporaryFolder folder;
  DataOptions options{.format = formats().pick("shapes")};
  options.cache = Cache::kNone;
  const auto plain = all_pixels(*open_dataset(options, Split::kVal), true);
  options.cache = Cache::kShared;
  options.cache_dir = folder.path() / "cache";
  CHECK(all_pixels(*open_dataset(options, Split::kVal), true) == plain);
  CHECK(all_pixels(*open_dataset(options, Split::kVal), true) == plain);
  // Not those of another seed or of the other split.
  std::vector<std::byte> scratch;
  const auto train = open_dataset(options, Split::kTrain);
  const Record record = train->get(0, scratch);
  CHECK(std::memcmp(record.pixels.pixels, plain[0].data(), plain[0].size()) != 0);
}

TEST_CASE("a broken image throws at every get", "[shared_cache]") {
  const TemporaryFolder folder;
  make_images(folder.path() / "data", 4);
  test::write(folder.path() / "data/train/cat/000.png", std::string_view("\x89PNG\r\n\x1a\n no"));
  const auto dataset =
      open_dataset(options_for(folder.path() / "data", folder.path() / "cache"), Split::kTrain);
  std::vector<std::byte> scratch;
  for (int round = 0; round < 3; ++round) CHECK_THROWS_AS(dataset->get(0, scratch), DataError);
  CHECK(dataset->get(1, scratch).is_decoded());
}

TEST_CASE("beyond the limit images pass through undecoded", "[shared_cache]") {
  const TemporaryFolder folder;
  for (int i = 0; i < 20; ++i)
    test::write(folder.path() / fmt::format("data/train/cat/{:03}.png", i),
                plain_png(40, 40, static_cast<uint8_t>(i)));
  DataOptions options = options_for(folder.path() / "data", folder.path() / "cache");
  options.cache_limit_gib = 8192.0 * 3 / (1 << 30);
  const auto dataset = open_dataset(options, Split::kTrain);
  int kept = 0;
  std::vector<std::byte> scratch;
  for (int64_t i = 0; i < 20; ++i) kept += dataset->get(i, scratch).is_decoded();
  CHECK(kept >= 3);
  CHECK(kept <= 5);
  CHECK_FALSE(dataset->get(19, scratch).is_decoded());
  CHECK_FALSE(dataset->get(19, scratch).encoded.empty());
}

TEST_CASE("where no file can be had, images stay in memory and a warning says why",
          "[shared_cache]") {
  const TemporaryFolder folder;
  make_images(folder.path() / "data", 4);
  test::write(folder.path() / "file", std::string_view("no folder"));
  const auto open_folder = folder.path() / "open-to-all";
  std::filesystem::create_directory(open_folder);
  ::chmod(open_folder.c_str(), 0777);
  const auto plain = all_pixels(
      *open_dataset(options_for(folder.path() / "data", "", Cache::kNone), Split::kTrain), false);
  for (const auto& [cache, reason] : {std::pair(folder.path() / "file/below", "cannot"),
                                      std::pair(folder.path() / "file", "alone"),
                                      std::pair(open_folder, "this user alone may write in"),
                                      std::pair(std::filesystem::path("/proc/stoker"), "cannot")}) {
    CAPTURE(cache.string());
    const test::ChildResult child = test::run_in_child([&] {
      const auto dataset = open_dataset(options_for(folder.path() / "data", cache), Split::kTrain);
      if (all_pixels(*dataset, true) != plain) ::_exit(1);
    });
    CHECK(child.exit_code == 0);
    CHECK_THAT(child.standard_error, Catch::Contains(reason));
    CHECK_THAT(child.standard_error, Catch::Contains("stay in the memory of this process"));
  }
}

TEST_CASE("the folder may be relative, a link, or end in a slash", "[shared_cache]") {
  const TemporaryFolder folder;
  make_images(folder.path() / "data", 4);
  std::filesystem::create_directory_symlink(folder.path() / "elsewhere", folder.path() / "link");
  const test::ChildResult child = test::run_in_child([&] {
    std::filesystem::current_path(folder.path());
    for (const char* cache : {"relative", "./below/it/", "relative/", "elsewhere", "link"}) {
      const auto dataset = open_dataset(options_for("data", cache), Split::kTrain);
      all_pixels(*dataset, true);
      if (pixel_files(cache) != 1) ::_exit(1);
      std::filesystem::create_directories("elsewhere");
    }
  });
  CHECK(child.exit_code == 0);
  CHECK_THAT(child.standard_error, !Catch::Contains("stay in the memory"));
}

TEST_CASE("when the disk fills up the rest stays in memory, with one warning", "[shared_cache]") {
  const TemporaryFolder folder;
  for (int i = 0; i < 30; ++i)
    test::write(folder.path() / fmt::format("data/train/cat/{:03}.png", i),
                plain_png(100, 100, static_cast<uint8_t>(i)));
  const auto disk = folder.path() / "disk";
  const test::SmallDisk small(disk, "size=300k");
  if (!small.is_there()) return;
  const auto plain = all_pixels(
      *open_dataset(options_for(folder.path() / "data", "", Cache::kNone), Split::kTrain), false);
  const test::ChildResult child = test::run_in_child([&] {
    const auto dataset =
        open_dataset(options_for(folder.path() / "data", disk / "cache"), Split::kTrain);
    for (int round = 0; round < 2; ++round)
      if (all_pixels(*dataset, true) != plain) ::_exit(1);
    if (decoding_ns(*dataset) != 0) ::_exit(2);
  });
  CHECK(child.exit_code == 0);
  const size_t at = child.standard_error.find("No space left on device");
  REQUIRE(at != std::string::npos);
  CHECK(child.standard_error.find("No space left on device", at + 1) == std::string::npos);
}

TEST_CASE("the folder follows XDG_CACHE_HOME, then HOME", "[shared_cache]") {
  const test::ChildResult child = test::run_in_child([] {
    const auto is = [](const char* path) {
      if (shared_cache_folder({}) != path) ::_exit(1);
    };
    ::setenv("XDG_CACHE_HOME", "/x", 1);
    is("/x/stoker/decoded");
    ::setenv("XDG_CACHE_HOME", "relative", 1);
    ::setenv("HOME", "/h", 1);
    is("/h/.cache/stoker/decoded");
    ::unsetenv("HOME");
    if (shared_cache_folder({}).filename() != "decoded") ::_exit(2);
  });
  CHECK(child.exit_code == 0);
}

TEST_CASE("a limit of the cache that is no number of bytes is refused by its key",
          "[shared_cache]") {
  DataOptions options;
  for (const double limit : {1e300, HUGE_VAL}) {
    options.cache_limit_gib = limit;
    CHECK_THAT(test::message_of<ConfigError>([&] { cache_limit_bytes(options); }),
               Catch::Contains("data.cache_limit_gib"));
    options.format = formats().pick("shapes");
    CHECK_THROWS_AS(open_dataset(options, Split::kVal), ConfigError);
  }
  options.cache_limit_gib = 0.5;
  CHECK(cache_limit_bytes(options) == int64_t{1} << 29);
}

}  // namespace
}  // namespace stoker::data
