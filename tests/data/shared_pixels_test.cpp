#include "stoker/data/shared_pixels.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "data/small_disk.h"
#include "stoker/core/random.h"
#include "stoker/data/shared_pixels_file.h"
#include "support/catch.h"
#include "support/temporary.h"
#include "support/thrown.h"

namespace stoker::data {
namespace {

using namespace std::chrono_literals;

PixelKey key_of(int i) { return pixel_key(as_bytes("image " + std::to_string(i))); }

// All sizes different; every byte tells which image it is of.
struct Picture {
  std::vector<uint8_t> pixels;
  kernels::ImageView view;
  explicit Picture(int i) {
    const int width = 5 + i % 7, height = 3 + i % 11, channels = 1 + 2 * (i % 2);
    for (int j = 0; j < width * height * channels; ++j)
      pixels.push_back(static_cast<uint8_t>(31 * i + 7 * j));
    view = {pixels.data(), width, height, channels, int64_t{width} * channels};
  }
  bool is(const StoredPixels* stored) const {
    return stored != nullptr && stored->width == view.width && stored->height == view.height &&
           stored->channels == view.channels &&
           std::memcmp(stored->pixels(), pixels.data(), pixels.size()) == 0;
  }
};

const SharedPixelsOptions kOptions{.images = 300, .data_bytes = 1 << 20};

// Counters that forked processes share.
struct SharedCount {
  std::atomic<int>* value = static_cast<std::atomic<int>*>(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ~SharedCount() { ::munmap(value, 4096); }
};

template <typename Body>
pid_t in_process(const Body& body) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  try {
    body();
  } catch (...) {
    ::_exit(99);
  }
  ::_exit(0);
}

int exit_of(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

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
    children.push_back(in_process([&] {
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
  for (const pid_t child : children) CHECK(exit_of(child) == 0);
  CHECK(*decoded.value == 200);
}

TEST_CASE("a filler that is killed at any moment leaves whole images or none", "[shared_pixels]") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "a.pixels";
  RandomStream random({.seed = 5}, Purpose::kPick);
  for (int round = 0; round < 40; ++round) {
    std::vector<pid_t> children;
    for (int process = 0; process < 3; ++process)
      children.push_back(in_process([&] {
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
    exit_of(children[0]);
    exit_of(children[1]);
    CHECK(exit_of(children[2]) == 0);
    SharedPixels store(path, kOptions);
    for (int i = 0; i < 300; ++i) CHECK(Picture(i).is(store.find(key_of(i))));
    CHECK(store.filled() <= 300);
    std::filesystem::remove(path);
  }
}

TEST_CASE("a filler that dies while it decodes gives its slot back", "[shared_pixels]") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "a.pixels";
  CHECK(exit_of(in_process([&] {
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
  const pid_t child = in_process([&] {
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
  CHECK(exit_of(child) == 0);
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
    children.push_back(in_process([&] {
      for (int i = 0; i < 200; ++i) {
        const Picture picture(i);
        SharedPixels store(path, kOptions);
        if (!picture.is(store.find_or_fill(key_of(i), [&] { return picture.view; }))) ::_exit(1);
      }
    }));
  children.push_back(in_process([&] {
    for (int i = 0; i < 200; ++i) remove_unused_pixels(folder.path(), 0);
  }));
  for (const pid_t child : children) CHECK(exit_of(child) == 0);
}

}  // namespace
}  // namespace stoker::data
