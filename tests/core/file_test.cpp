#include "stoker/core/file.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <thread>
#include <utility>

#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
namespace fs = std::filesystem;

namespace {

void write(const fs::path& path, std::string_view text) {
  const auto file = real_file_system().create(path);
  file->append(as_bytes(text));
  file->close();
}

// The message of the FileError that `body` throws, which must name `path`.
template <typename Body>
std::string failure(const fs::path& path, Body body) {
  try {
    body();
  } catch (const FileError& error) {
    const std::string message = error.what();
    CHECK(message.find(path.string()) == 0);
    return message;
  }
  FAIL("no FileError");
  return {};
}

}  // namespace

TEST_CASE("a file is read back whole") {
  const test::TemporaryFolder folder;
  for (const size_t size : {0, 1, 4095, 4096, 4097, 300'001}) {
    std::string text(size, '\0');
    for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31);
    write(folder.path() / "a", text);
    CHECK(read_file(folder.path() / "a") == text);
    const MappedFile map(folder.path() / "a");
    REQUIRE(map.bytes().size() == size);
    CHECK(std::string_view(reinterpret_cast<const char*>(map.bytes().data()), size) == text);
  }
}

TEST_CASE("reading stops at the limit") {
  const test::TemporaryFolder folder;
  write(folder.path() / "a", std::string(5000, 'x'));
  CHECK(read_file(folder.path() / "a", 5000).size() == 5000);
  CHECK_THROWS_AS(read_file(folder.path() / "a", 4999), FileError);
  CHECK_THROWS_AS(read_file(folder.path() / "a", 10), FileError);
}

TEST_CASE("what tells no size is read to its end") {
  CHECK(read_file("/proc/self/status").find("Name:") == 0);
}

TEST_CASE("what is no regular file is refused at once, by name") {
  const test::TemporaryFolder folder;
  const fs::path pipe = folder.path() / "pipe", socket = folder.path() / "socket";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(socket.native().size() < sizeof(address.sun_path));
  std::strcpy(address.sun_path, socket.c_str());
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  const std::pair<fs::path, std::string> kinds[] = {{pipe, "is a named pipe"},
                                                    {socket, "is a socket"},
                                                    {"/dev/zero", "is a device"},
                                                    {folder.path(), "is a directory"}};
  for (const auto& [path, kind] : kinds) {
    const std::string expected = path.string() + ": " + kind + ", expected a regular file.";
    CHECK(failure(path, [&] { read_file(path); }) == expected);
    CHECK(failure(path, [&] { MappedFile{path}; }) == expected);
    if (path == pipe) continue;
    CHECK(failure(path, [&] { read_file_or_pipe(path, 100); }) == expected);
  }
  ::close(listener);
}

TEST_CASE("a pipe is read until its writer closes it, where that is asked for") {
  const test::TemporaryFolder folder;
  const fs::path pipe = folder.path() / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  const std::string text(70'000, 'x');  // more than a pipe holds at once
  std::thread writer([&] { write(pipe, text); });
  const std::string got = read_file_or_pipe(pipe, text.size());
  writer.join();
  CHECK(got == text);
  write(folder.path() / "file", "plain");
  CHECK(read_file_or_pipe(folder.path() / "file", 5) == "plain");
}

TEST_CASE("a map knows whether its file was cut") {
  const test::TemporaryFolder folder;
  const fs::path path = folder.path() / "a";
  write(path, std::string(100, 'x'));
  MappedFile first(path);
  const MappedFile map(std::move(first));
  CHECK(map.is_whole());
  fs::resize_file(path, 150);
  CHECK(map.is_whole());
  fs::resize_file(path, 99);
  CHECK_FALSE(map.is_whole());
  CHECK(map.bytes()[99] == std::byte{0});  // which is why one asks
  fs::resize_file(path, 0);
  CHECK_FALSE(map.is_whole());
  fs::remove(path);
  CHECK(map.is_whole());
  write(path, "another file");
  const MappedFile replaced(path);
  write(folder.path() / "b", "short");
  fs::rename(folder.path() / "b", path);
  CHECK(replaced.is_whole());
}

TEST_CASE("a file that is missing or none is an error that says so") {
  const test::TemporaryFolder folder;
  const fs::path missing = folder.path() / "missing";
  CHECK(failure(missing, [&] { read_file(missing); }).find("No such file") != std::string::npos);
  CHECK(failure(missing, [&] { MappedFile{missing}; }).find("No such file") != std::string::npos);
  CHECK(failure(folder.path(), [&] { read_file(folder.path()); }).find("directory") !=
        std::string::npos);
  failure(folder.path(), [&] { MappedFile{folder.path()}; });
  FileSystem& files = real_file_system();
  failure(missing / "a", [&] { files.create(missing / "a"); });
  failure(missing, [&] { files.sync_directory(missing); });
  failure(folder.path() / "b", [&] { files.rename(missing, folder.path() / "b"); });
  failure(missing / "c", [&] { write_file_atomically(files, missing / "c", {}); });
}

TEST_CASE("a map moves, and its old holder lets go") {
  const test::TemporaryFolder folder;
  write(folder.path() / "a", "first");
  write(folder.path() / "b", "second");
  MappedFile a(folder.path() / "a");
  MappedFile b(folder.path() / "b");
  b = std::move(a);
  CHECK(b.bytes().size() == 5);
  const MappedFile c(std::move(b));
  CHECK(c.bytes().size() == 5);
  CHECK(b.bytes().empty());  // NOLINT(bugprone-use-after-move)
}

TEST_CASE("folders are made with their parents, once") {
  const test::TemporaryFolder folder;
  FileSystem& files = real_file_system();
  files.make_directories(folder.path() / "a" / "b" / "c");
  files.make_directories(folder.path() / "a" / "b" / "c");
  files.make_directories(folder.path() / "d" / "e" / "");
  CHECK(fs::is_directory(folder.path() / "a" / "b" / "c"));
  CHECK(fs::is_directory(folder.path() / "d" / "e"));
  write(folder.path() / "file", "x");
  failure(folder.path() / "file", [&] { files.make_directories(folder.path() / "file"); });
  failure(folder.path() / "file",  // what is in the way is named
          [&] { files.make_directories(folder.path() / "file" / "g"); });
}

TEST_CASE("one folder is made only where its parent is") {
  const test::TemporaryFolder folder;
  FileSystem& files = real_file_system();
  files.make_directory(folder.path() / "a");
  files.make_directory(folder.path() / "a");
  CHECK(fs::is_directory(folder.path() / "a"));
  failure(folder.path() / "b" / "c", [&] { files.make_directory(folder.path() / "b" / "c"); });
  CHECK_FALSE(fs::exists(folder.path() / "b"));
}

TEST_CASE("a relative path means the working folder") {
  const test::TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  real_file_system().make_directories("a/b");
  write_file_atomically(real_file_system(), "c", as_bytes("text"));
  fs::current_path(before);
  CHECK(fs::is_directory(folder.path() / "a" / "b"));
  CHECK(read_file(folder.path() / "c") == "text");
}

TEST_CASE("removing takes everything below, and nothing is no error") {
  const test::TemporaryFolder folder;
  real_file_system().make_directories(folder.path() / "a" / "b");
  write(folder.path() / "a" / "b" / "c", "x");
  real_file_system().remove_all(folder.path() / "a");
  real_file_system().remove_all(folder.path() / "a");
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("a full disk is an error in its own words") {
  if (!fs::exists("/dev/full")) return;
  CHECK(failure("/dev/full", [] { write("/dev/full", "x"); }).find("No space left") !=
        std::string::npos);
}
