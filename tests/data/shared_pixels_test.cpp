#include <sys/stat.h>

#include <chrono>
#include <thread>
#include <vector>

#include "data/pictures.h"
#include "stoker/data/shared_pixels.h"
#include "stoker/data/shared_pixels_file.h"
#include "support/catch.h"
#include "support/child.h"
#include "support/temporary.h"

namespace stoker::data {
namespace {

using namespace std::chrono_literals;
using namespace test;

TEST_CASE("what one fills another finds", "[shared_pixels]") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "a.pixels";
  SharedPixels first(path, kOptions), second(path, kOptions);
  int decoded = 0;
  for (SharedPixels* store : {&first, &second, &first})
    for (int i = 0; i < 300; ++i) {
      const Picture picture(i);
      CHECK(picture.is(store->find_or_fill(key_of(i), [&] {
        ++decoded;
        return picture.view;
      })));
    }
  CHECK(decoded == 300);
  CHECK(second.filled() == 300);
  CHECK(Picture(7).is(SharedPixels(path, kOptions).find(key_of(7))));
  CHECK(first.find(key_of(300)) == nullptr);
}

TEST_CASE("rows that lie apart are stored together", "[shared_pixels]") {
  const test::TemporaryFolder folder;
  SharedPixels store(folder.path() / "a.pixels", kOptions);
  const Picture wide(3);
  kernels::ImageView part = wide.view;
  part.width -= 2;
  const StoredPixels* stored = store.find_or_fill(key_of(3), [&] { return part; });
  REQUIRE(stored != nullptr);
  for (int y = 0; y < part.height; ++y)
    CHECK(std::memcmp(stored->pixels() + y * part.width * part.channels,
                      part.pixels + y * part.row_bytes, size_t(part.width * part.channels)) == 0);
}

TEST_CASE("processes in step decode each image once between them", "[shared_pixels]") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "a.pixels";
  const SharedCount decoded;
  std::vector<pid_t> children;
  for (int process = 0; process < 4; ++process)
    children.push_back(start_child([&] {
      SharedPixels store(path, kOptions);
      std::vector<std::jthread> threads;
      for (int thread = 0; thread < 2; ++thread)
        threads.emplace_back([&, thread] {
          for (int i = thread; i < 200; i += 2) {
            const Picture picture(i);
            const bool is_right = picture.is(store.find_or_fill(key_of(i), [&] {
              ++*decoded.value;
              std::this_thread::sleep_for(500us);
              return picture.view;
            }));
            if (!is_right) ::_exit(1);
          }
        });
    }));
  for (const pid_t child : children) CHECK(exit_code_of(child) == 0);
  CHECK(*decoded.value == 200);
}

TEST_CASE("a table without a free slot nearby takes no more", "[shared_pixels]") {
  const test::TemporaryFolder folder;
  SharedPixels store(folder.path() / "a.pixels", {.images = 1, .data_bytes = 1 << 20});
  for (int i = 0; i < 3000; ++i) {
    const Picture picture(i);
    const StoredPixels* found = store.find_or_fill(key_of(i), [&] { return picture.view; });
    CHECK((found == nullptr || picture.is(found)));
  }
  CHECK(store.is_full());
  CHECK(store.filled() <= 512);
}

TEST_CASE("files that nobody has open are removed, the longest unused first", "[shared_pixels]") {
  const test::TemporaryFolder folder;
  const auto make = [&](const char* name, time_t used) {
    SharedPixels(folder.path() / name, kOptions);
    const timespec times[2] = {{used, 0}, {used, 0}};
    ::utimensat(AT_FDCWD, (folder.path() / name).c_str(), times, 0);
  };
  make("old.pixels", 100);
  make("older.pixels", 50);
  make("new.pixels", 1000);
  SharedPixels open(folder.path() / "open.pixels", kOptions);
  test::write(folder.path() / "other.txt", std::string_view("stays"));
  const auto is_there = [&](const char* name) {
    return std::filesystem::exists(folder.path() / name);
  };
  CHECK(is_in_use(folder.path() / "open.pixels"));
  CHECK_FALSE(is_in_use(folder.path() / "old.pixels"));
  CHECK(remove_unused_pixels(folder.path(), 1 << 30) == 0);
  struct stat info;
  ::stat((folder.path() / "new.pixels").c_str(), &info);
  CHECK(remove_unused_pixels(folder.path(), 2 * info.st_blocks * 512) > 0);
  CHECK_FALSE(is_there("older.pixels"));
  CHECK(is_there("old.pixels"));
  remove_unused_pixels(folder.path(), 0);
  CHECK_FALSE(is_there("old.pixels"));
  CHECK_FALSE(is_there("new.pixels"));
  CHECK(is_there("open.pixels"));
  CHECK(is_there("other.txt"));
  CHECK(remove_unused_pixels(folder.path() / "nowhere", 0) == 0);
}

TEST_CASE("processes that open one name while others remove it all end with a file",
          "[shared_pixels]") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "a.pixels";
  std::vector<pid_t> children;
  for (int process = 0; process < 3; ++process)
    children.push_back(start_child([&] {
      for (int i = 0; i < 200; ++i) {
        const Picture picture(i);
        SharedPixels store(path, kOptions);
        if (!picture.is(store.find_or_fill(key_of(i), [&] { return picture.view; }))) ::_exit(1);
      }
    }));
  children.push_back(start_child([&] {
    for (int i = 0; i < 200; ++i) remove_unused_pixels(folder.path(), 0);
  }));
  for (const pid_t child : children) CHECK(exit_code_of(child) == 0);
}

}  // namespace
}  // namespace stoker::data
