#include "stoker/data/image_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include "data/files.h"
#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/child.h"
#include "support/temporary.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::plain_png;
using test::write;

std::vector<std::string> names_below(const Dataset& dataset, const fs::path& root) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < dataset.size(); ++i)
    names.push_back(fs::path(dataset.name(i)).lexically_relative(root).string());
  return names;
}

TEST_CASE("classes and files are in torchvision's order", "[image_folder]") {
  const test::TemporaryFolder folder;
  const fs::path root = folder.path();
  for (const char* name : {"dog/b.png", "dog/a.PNG", "cat/9.png", "cat/10.png",
                           "cat/deep/er/1.jpeg", "cat/deep-1/2.png", "Zebra/x.webp"})
    write(root / name, plain_png(2, 3, 9));
  const auto dataset = open_image_folder(root);
  CHECK(dataset->class_names() == std::vector<std::string>{"Zebra", "cat", "dog"});
  // sorted(os.walk(…)) compares whole paths, in which '-' comes before '/'.
  CHECK(names_below(*dataset, root) ==
        std::vector<std::string>{"Zebra/x.webp", "cat/10.png", "cat/9.png", "cat/deep-1/2.png",
                                 "cat/deep/er/1.jpeg", "dog/a.PNG", "dog/b.png"});
  CHECK(dataset->label(0) == 0);
  CHECK(dataset->label(4) == 1);
  CHECK(dataset->label(6) == 2);
}

TEST_CASE("hidden names and other files are left out", "[image_folder]") {
  const test::TemporaryFolder folder;
  for (const char* name : {"a/1.png", "a/.hidden.png", "a/notes.txt", "a/.cache/2.png",
                           ".git/3.png", "a/no_extension"})
    write(folder.path() / name, plain_png(2, 3, 9));
  const auto dataset = open_image_folder(folder.path());
  CHECK(dataset->class_names() == std::vector<std::string>{"a"});
  CHECK(dataset->size() == 1);
}

TEST_CASE("get reads the file that name names", "[image_folder]") {
  const test::TemporaryFolder folder;
  write(folder.path() / "a/1.png", plain_png(4, 3, 10));
  write(folder.path() / "b/1.jpg", plain_png(40, 30, 20));  // a PNG by content
  const auto dataset = open_image_folder(folder.path());
  std::vector<std::byte> scratch;
  std::vector<uint8_t> buffer;
  for (const int64_t i : {1, 0, 1}) {
    const Record record = dataset->get(i, scratch);
    REQUIRE_FALSE(record.is_decoded());
    const auto image = decode::Decoder().decode(record.encoded, dataset->name(i), buffer);
    CHECK(image.width == (i == 0 ? 4 : 40));
    CHECK(image.pixels[0] == (i == 0 ? 10 : 20));
  }
}

TEST_CASE("links are followed, circles refused", "[image_folder]") {
  const test::TemporaryFolder folder;
  const fs::path root = folder.path() / "set";
  write(root / "a/1.png", plain_png(2, 3, 9));
  write(folder.path() / "elsewhere/2.png", plain_png(2, 3, 9));
  fs::create_directory_symlink(folder.path() / "elsewhere", root / "b");
  fs::create_symlink(folder.path() / "elsewhere/2.png", root / "a/3.png");
  CHECK(open_image_folder(root)->size() == 3);
  fs::create_directory_symlink(root / "a", root / "a/again");
  CHECK_THAT(message_of<DataError>([&] { open_image_folder(root); }),
             Catch::Contains("a/again") && Catch::Contains("leads back"));
}

// A class or a thousand images would be missing without a word.
TEST_CASE("links that lead nowhere are refused", "[image_folder]") {
  const test::TemporaryFolder folder;
  const fs::path root = folder.path() / "set";
  write(root / "a/1.png", plain_png(2, 3, 9));
  const auto message = [&] { return message_of<DataError>([&] { open_image_folder(root); }); };
  for (const fs::path& link : {root / "b", root / "a/more"}) {
    fs::create_symlink("/no/such/place", link);
    CHECK_THAT(message(),
               Catch::Contains(link.string() + ": this link cannot be followed: No such"));
    fs::remove(link);
    fs::create_symlink(link, link);
    CHECK_THAT(message(),
               Catch::Contains(link.string() + ": this link cannot be followed: Too many"));
    fs::remove(link);
  }
  // Of an image it is told when the image is read, where it may be skipped.
  fs::create_symlink("/no/such/place", root / "a/2.png");
  CHECK(open_image_folder(root)->size() == 2);
}

TEST_CASE("an image folder that is none says what was found", "[image_folder]") {
  const test::TemporaryFolder folder;
  const auto message = [&](const fs::path& path) {
    return message_of<DataError>([&] { open_image_folder(path); });
  };
  CHECK_THAT(message(folder.path() / "nowhere"),
             Catch::Contains("nowhere: no such folder") && Catch::Contains("data make shapes"));
  CHECK_THAT(message(folder.path() / std::string(300, 'a')),
             Catch::Contains("cannot be reached: File name too long"));
  fs::create_symlink("circle", folder.path() / "circle");
  CHECK_THAT(message(folder.path() / "circle"),
             Catch::Contains("circle: the folder cannot be reached: Too many levels"));
  fs::remove(folder.path() / "circle");
  CHECK_THAT(message(folder.path()), Catch::Contains("found no images"));
  write(folder.path() / "1.png", plain_png(2, 3, 9));
  write(folder.path() / "2.png", plain_png(2, 3, 9));
  CHECK_THAT(message(folder.path()), Catch::Contains("found 2 images side by side"));
  write(folder.path() / "full/1.png", plain_png(2, 3, 9));
  fs::create_directory(folder.path() / "empty");
  CHECK_THAT(message(folder.path()), Catch::Contains("empty: this class folder holds no images"));
}

TEST_CASE("a val folder takes its labels from the training classes", "[image_folder]") {
  const test::TemporaryFolder folder;
  write(folder.path() / "val/c/1.png", plain_png(2, 3, 9));
  const auto dataset = open_image_folder(folder.path() / "val", {"a", "b", "c"});
  CHECK(dataset->label(0) == 2);
  CHECK(dataset->class_names().size() == 3);
  CHECK_THAT(message_of<DataError>([&] {
               open_image_folder(folder.path() / "val", {"a", "b"});
             }),
             Catch::Contains("\"c\" is not one of the 2 classes"));
}

TEST_CASE("a file that vanishes, a pipe and a folder named like an image are errors",
          "[image_folder]") {
  const test::TemporaryFolder folder;
  for (const char* name : {"a/1.png", "a/2.png", "a/3.png"})
    write(folder.path() / name, plain_png(2, 3, 9));
  const auto dataset = open_image_folder(folder.path());
  fs::remove(folder.path() / "a/1.png");
  fs::remove(folder.path() / "a/2.png");
  REQUIRE(mkfifo((folder.path() / "a/2.png").c_str(), 0600) == 0);
  std::vector<std::byte> scratch;
  CHECK_THAT(message_of<DataError>([&] { dataset->get(0, scratch); }),
             Catch::Contains("a/1.png") && Catch::Contains("No such file"));
  CHECK_THAT(message_of<DataError>([&] { dataset->get(1, scratch); }),
             Catch::Contains("not a regular file"));
  CHECK_NOTHROW(dataset->get(2, scratch));
}

TEST_CASE("a folder that may not be listed or entered is named", "[image_folder]") {
  const test::TemporaryFolder folder;
  write(folder.path() / "a/1.png", plain_png(2, 3, 9));
  fs::permissions(folder.path(), fs::perms::all);
  const auto as_a_stranger = [&](fs::perms perms, const fs::path& root) {
    fs::permissions(folder.path() / "a", perms);
    const auto ended = test::run_in_child([&] {
      // Root may list everything.
      if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(1);
      std::fputs(message_of<DataError>([&] { open_image_folder(root); }).c_str(), stderr);
    });
    fs::permissions(folder.path() / "a", fs::perms::all);
    CHECK(ended.exit_code == 0);
    return ended.standard_error;
  };
  CHECK_THAT(as_a_stranger(fs::perms::none, folder.path()),
             Catch::Contains("a: the folder cannot be listed: Permission denied"));
  CHECK_THAT(as_a_stranger(fs::perms::none, folder.path() / "a/deeper"),
             Catch::Contains("a/deeper: the folder cannot be reached: Permission denied"));
}

}  // namespace
}  // namespace stoker::data
