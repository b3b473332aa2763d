// Fillers that die, disks that are full, files that are damaged.
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <chrono>
#include <thread>
#include <vector>

#include "data/pictures.h"
#include "data/small_disk.h"
#include "stoker/core/random.h"
#include "stoker/data/shared_pixels.h"
#include "stoker/data/shared_pixels_file.h"
#include "support/catch.h"
#include "support/child.h"
#include "support/temporary.h"
#include "support/thrown.h"

namespace stoker::data {
namespace {

using namespace std::chrono_literals;
using namespace test;

TEST_CASE("a filler that is killed at any moment leaves whole images or none", "[shared_pixels]") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "a.pixels";
  RandomStream random({.seed = 5}, Purpose::kPick);
  for (int round = 0; round < 40; ++round) {
    std::vector<pid_t> children;
    for (int process = 0; process < 3; ++process)
      children.push_back(start_child([&] {
        SharedPixels store(path, kOptions);
        for (int i = 0; i < 300; ++i) {
          const Picture picture(i);
          store.find_or_fill(key_of(i), [&] { return picture.view; });
          if (i % 16 == 0) std::this_thread::sleep_for(200us);
        }
      }));
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(5000)));
    ::kill(children[0], SIGKILL);
    ::kill(children[1], SIGKILL);
    exit_code_of(children[0]);
    exit_code_of(children[1]);
    CHECK(exit_code_of(children[2]) == 0);
    SharedPixels store(path, kOptions);
    for (int i = 0; i < 300; ++i) CHECK(Picture(i).is(store.find(key_of(i))));
    CHECK(store.filled() <= 300);
    std::filesystem::remove(path);
  }
}

TEST_CASE("a filler that dies while it decodes gives its slot back", "[shared_pixels]") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "a.pixels";
  CHECK(exit_code_of(start_child([&] {
          SharedPixels(path, kOptions).find_or_fill(key_of(1), []() -> kernels::ImageView {
            ::kill(::getpid(), SIGKILL);
            throw 0;
          });
        })) == 128 + SIGKILL);
  SharedPixels store(path, kOptions);
  const Picture picture(1);
  CHECK(store.find(key_of(1)) == nullptr);
  CHECK(picture.is(store.find_or_fill(key_of(1), [&] { return picture.view; })));
}

TEST_CASE("an error while decoding is thrown, and the slot can be filled later",
          "[shared_pixels]") {
  const test::TemporaryFolder folder;
  SharedPixels store(folder.path() / "a.pixels", kOptions);
  const auto broken = []() -> kernels::ImageView { throw DataError("no JPEG"); };
  CHECK_THROWS_AS(store.find_or_fill(key_of(1), broken), DataError);
  const Picture picture(1);
  CHECK(picture.is(store.find_or_fill(key_of(1), [&] { return picture.view; })));
}

TEST_CASE("a filler that is stopped holds nobody up for long", "[shared_pixels]") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "a.pixels";
  const Picture picture(1);
  const pid_t child = start_child([&] {
    SharedPixels(path, kOptions).find_or_fill(key_of(1), [&] {
      ::raise(SIGSTOP);
      return picture.view;
    });
  });
  int status = 0;
  ::waitpid(child, &status, WUNTRACED);
  SharedPixels store(path, kOptions);
  const auto start = std::chrono::steady_clock::now();
  CHECK(store.find_or_fill(key_of(1), [&] { return picture.view; }) == nullptr);
  CHECK(std::chrono::steady_clock::now() - start < 10s);
  ::kill(child, SIGCONT);
  CHECK(exit_code_of(child) == 0);
  CHECK(picture.is(store.find(key_of(1))));
}

TEST_CASE("beyond its bytes the store takes no more, and says so", "[shared_pixels]") {
  const test::TemporaryFolder folder;
  SharedPixels store(folder.path() / "a.pixels", {.images = 300, .data_bytes = 4096});
  int stored = 0;
  for (int i = 0; i < 100; ++i) {
    const Picture picture(i);
    const StoredPixels* found = store.find_or_fill(key_of(i), [&] { return picture.view; });
    if (found != nullptr) ++stored;
    CHECK((found == nullptr || picture.is(found)));
  }
  CHECK(stored > 5);
  CHECK(stored < 65);
  CHECK(store.is_full());
}

TEST_CASE("a damaged header, or one of other options, is made afresh", "[shared_pixels]") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "a.pixels";
  const Picture picture(1);
  const auto fill = [&] {
    SharedPixels store(path, kOptions);
    const bool was_there = store.find(key_of(1)) != nullptr;
    REQUIRE(picture.is(store.find_or_fill(key_of(1), [&] { return picture.view; })));
    return was_there;
  };
  CHECK_FALSE(fill());
  CHECK(fill());
  for (const char* text :
       {"", "short", "not what it was, for more than a header has bytes, and on"}) {
    test::write(path, std::string_view(text));
    CHECK_FALSE(fill());
    CHECK(fill());
  }
  std::filesystem::resize_file(path, 5000);
  CHECK_FALSE(fill());
  {
    const SharedPixels open(path, kOptions);
    const SharedPixels other(path, {.images = 5000, .data_bytes = 1 << 20});
    CHECK(picture.is(open.find(key_of(1))));  // keeps what it had
    CHECK(other.find(key_of(1)) == nullptr);
  }
}

TEST_CASE("no flipped bit of slots or pixels comes out as an image", "[shared_pixels]") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "a.pixels";
  {
    SharedPixels store(path, kOptions);
    for (int i = 0; i < 40; ++i) {
      const Picture picture(i);
      store.find_or_fill(key_of(i), [&] { return picture.view; });
    }
  }
  const std::string whole = read_file(path);
  RandomStream random({.seed = 3}, Purpose::kPick);
  for (int round = 0; round < 200; ++round) {
    std::string damaged = whole;
    for (int flip = 0; flip < 200; ++flip)
      damaged[4096 + random.below(60'000)] ^= static_cast<char>(1 << random.below(8));
    test::write(path, damaged);
    SharedPixels store(path, kOptions);
    for (int i = 0; i < 40; ++i) {
      const StoredPixels* found = store.find(key_of(i));
      CHECK((found == nullptr || Picture(i).is(found)));
      const Picture picture(i);
      found = store.find_or_fill(key_of(i), [&] { return picture.view; });
      CHECK((found == nullptr || picture.is(found)));
    }
  }
}

TEST_CASE("what is no regular file of this user is refused, without waiting", "[shared_pixels]") {
  const test::TemporaryFolder folder;
  const auto refusal = [&](const char* name) {
    return test::message_of<FileError>([&] { SharedPixels(folder.path() / name, kOptions); });
  };
  REQUIRE(::mkfifo((folder.path() / "fifo").c_str(), 0600) == 0);
  CHECK_THAT(refusal("fifo"), Catch::Contains("expected a regular file"));
  std::filesystem::create_symlink(folder.path() / "elsewhere", folder.path() / "link");
  CHECK_THAT(refusal("link"), Catch::Contains("cannot open"));
  CHECK_THAT(refusal("no-folder/a"), Catch::Contains("cannot open"));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "elsewhere"));
}

TEST_CASE("a disk that is full is an error, and what was stored stays", "[shared_pixels]") {
  const test::TemporaryFolder folder;
  const test::SmallDisk disk(folder.path() / "disk", "size=200k");
  if (!disk.is_there()) return;
  SharedPixels store(folder.path() / "disk/a.pixels", {.images = 300, .data_bytes = 100 << 20});
  const std::vector<uint8_t> pixels(60'000, 7);
  const auto image = [&] { return kernels::ImageView{pixels.data(), 200, 100, 3, 600}; };
  int stored = 0;
  const std::string message = test::message_of<StoreError>([&] {
    while (store.find_or_fill(key_of(stored), image) != nullptr) ++stored;
  });
  CHECK_THAT(message, Catch::Contains("No space left on device"));
  CHECK(stored >= 1);
  CHECK(stored <= 3);
  CHECK(store.find(key_of(0)) != nullptr);
  CHECK(store.find(key_of(stored)) == nullptr);
  const auto no_table = [&] {
    SharedPixels(folder.path() / "disk/b.pixels", {.images = 1'000'000, .data_bytes = 1 << 20});
  };
  CHECK_THAT(test::message_of<FileError>(no_table), Catch::Contains("No space left on device"));
}

}  // namespace
}  // namespace stoker::data
