// Downloads that the disk or another process stands in the way of.
#include <sys/resource.h>

#include <csignal>

#include "fetch/downloading.h"
#include "stoker/core/error.h"
#include "stoker/fetch/part_file.h"
#include "support/catch.h"

using namespace stoker;
using fetch::Download;
using test::contains;
using test::content_reply;
using test::file_at;
using test::HttpRequest;
using test::HttpServer;
using test::kContent;
using test::kQuick;
using test::message_of;
using test::TemporaryFolder;
using test::write;

TEST_CASE("download: a disk that takes no more is named, and what fitted is kept") {
  const TemporaryFolder folder;
  HttpServer server([](const HttpRequest& request) { return content_reply(kContent, request); });
  const Download file = file_at({server.url("x")});
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{20'000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string message =
      message_of<FileError>([&] { fetch::download(file, folder.path(), kQuick); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CAPTURE(message);
  REQUIRE(contains(message, "file.bin.part: cannot write: File too large"));
  REQUIRE(read_file(fetch::download(file, folder.path(), kQuick)) == kContent);
  REQUIRE(server.requests().back().range_begin == 20'000);
}

TEST_CASE("download: a folder that cannot be made is an error before any request") {
  const TemporaryFolder folder;
  write(folder.path() / "file", "");
  HttpServer server([](const HttpRequest& request) { return content_reply(kContent, request); });
  REQUIRE_THROWS_AS(
      fetch::download(file_at({server.url("x")}), folder.path() / "file" / "below", kQuick),
      FileError);
  REQUIRE(server.requests().empty());
}

TEST_CASE("download: a disk that is too small is said before any request") {
  const TemporaryFolder folder;
  HttpServer server([](const HttpRequest& request) { return content_reply(kContent, request); });
  Download file = file_at({server.url("x")});
  file.size_bytes = int64_t{1} << 60;
  const std::string message =
      message_of<FileError>([&] { fetch::download(file, folder.path(), kQuick); });
  REQUIRE(contains(message, "are needed and"));
  REQUIRE(server.requests().empty());
}

TEST_CASE("download: two at once do not write into one part") {
  const TemporaryFolder folder;
  HttpServer server([](const HttpRequest& request) { return content_reply(kContent, request); });
  const fetch::PartFile other(folder.path() / "file.bin.part");
  const std::string message = message_of<FileError>(
      [&] { fetch::download(file_at({server.url("x")}), folder.path(), kQuick); });
  REQUIRE(contains(message, "another process is downloading it"));
}
