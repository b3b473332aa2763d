// Files as they come to a real disk, past the page cache or not.
#include "stoker/core/real_file.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>

#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/temporary.h"
#include "support/thrown.h"

namespace stoker {
namespace {

namespace fs = std::filesystem;

std::string numbered(size_t bytes) {
  std::string text(bytes, '\0');
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 131 + (i >> 12));
  return text;
}

void write_in_pieces(const fs::path& path, const std::string& text, size_t piece, bool sync) {
  RealFile file(path);
  for (size_t at = 0; at < text.size(); at += piece)
    file.append(as_bytes(std::string_view(text).substr(at, piece)));
  if (sync) file.sync();
  file.close();
}

// Most likely on a disk, and in memory, where direct writing may be refused.
std::vector<fs::path> places() {
  std::vector<fs::path> list{fs::current_path() / "build", fs::temp_directory_path()};
  if (fs::is_directory("/dev/shm")) list.push_back("/dev/shm");
  std::erase_if(list, [](const fs::path& place) { return !fs::is_directory(place); });
  return list;
}

TEST_CASE("files of every length come out as they were appended") {
  constexpr size_t kStaging = RealFile::kStagingBytes;
  const std::string longest = numbered(2 * kStaging + 12'345);
  for (const fs::path& place : places()) {
    const fs::path path = place / "real_file_test.tmp";
    for (const size_t bytes :
         {size_t{0}, size_t{1}, size_t{4095}, size_t{4096}, kStaging - 1, kStaging, kStaging + 1,
          kStaging + 4096, 2 * kStaging, longest.size()})
      for (const size_t piece : {size_t{1} << 30, size_t{1'000'003}}) {
        INFO(path.string() << ": " << bytes << " bytes in pieces of " << piece);
        const std::string text = longest.substr(0, bytes);
        write_in_pieces(path, text, piece, piece < bytes);
        CHECK(read_file(path) == text);
      }
    fs::remove(path);
  }
}

struct Freed {
  void operator()(char* memory) const { std::free(memory); }
};

TEST_CASE("memory that starts at a block goes as it lies, before and after what does not") {
  constexpr size_t kStaging = RealFile::kStagingBytes;
  const size_t bytes = 5 * kStaging + 12'345;
  const std::unique_ptr<char, Freed> memory(
      static_cast<char*>(std::aligned_alloc(4096, (bytes / 4096 + 1) * 4096)));
  const std::string text = numbered(bytes);
  std::copy(text.begin(), text.end(), memory.get());
  const std::string_view aligned(memory.get(), bytes);
  // Where each append begins; some at a block of memory, some not, some while others are gathered.
  const std::vector<std::vector<size_t>> cuts{{0},
                                              {0, kStaging},
                                              {0, 2 * kStaging, 3 * kStaging + 4096},
                                              {0, 4096, 4096 + 2 * kStaging},
                                              {0, 100, 200 + kStaging, 3 * kStaging},
                                              {0, kStaging + 1, 2 * kStaging}};
  for (const fs::path& place : places()) {
    const fs::path path = place / "real_file_test.tmp";
    for (const std::vector<size_t>& begins : cuts) {
      RealFile file(path);
      for (size_t i = 0; i < begins.size(); ++i) {
        const size_t end = i + 1 < begins.size() ? begins[i + 1] : bytes;
        file.append(as_bytes(aligned.substr(begins[i], end - begins[i])));
      }
      file.close();
      INFO(path.string() << ": " << begins.size() << " appends");
      CHECK(read_file(path) == text);
    }
    fs::remove(path);
  }
}

TEST_CASE("a sync in the middle leaves what follows in its place") {
  const test::TemporaryFolder folder;
  const std::string first = numbered(RealFile::kStagingBytes + 7), then = numbered(9'000'000);
  RealFile file(folder.path() / "a");
  file.append(as_bytes(first));
  file.sync();
  CHECK(read_file(folder.path() / "a") == first);
  file.append(as_bytes(then));
  file.sync();
  CHECK(read_file(folder.path() / "a") == first + then);
}

TEST_CASE("a growing file goes on at its end, and shows at once what it was given") {
  const test::TemporaryFolder folder;
  const fs::path path = folder.path() / "log";
  for (const std::string& text : {std::string("one"), std::string("two")}) {
    GrowingFile file(path);
    file.append(as_bytes(text));
    file.append({});
    CHECK(read_file(path).ends_with(text));
    file.sync();
    file.close();
  }
  CHECK(read_file(path) == "onetwo");
  const auto message = [](const auto& action) { return test::message_of<FileError>(action); };
  CHECK(message([] {
          GrowingFile("/dev/full").append(as_bytes("x"));
        }).find("/dev/full: cannot ") == 0);
  CHECK(message([&] { GrowingFile(path / "x"); }).find((path / "x").string()) == 0);
}

TEST_CASE("a full disk is an error with the file's name, whatever the length") {
  for (const size_t bytes : {size_t{10}, 2 * RealFile::kStagingBytes}) {
    const std::string message = test::message_of<FileError>(
        [&] { write_in_pieces("/dev/full", numbered(bytes), bytes, true); });
    CHECK(message.find("/dev/full: cannot write: ") == 0);
  }
  CHECK_THROWS_AS(RealFile("/nowhere/at/all"), FileError);
}

}  // namespace
}  // namespace stoker
