#include "stoker/fetch/download.h"

#include <csignal>

#include "fetch/downloading.h"
#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "support/catch.h"

using namespace stoker;
using fetch::Download;
using fetch::DownloadProgress;
using test::contains;
using test::content_reply;
using test::file_at;
using test::HttpReply;
using test::HttpRequest;
using test::HttpServer;
using test::kContent;
using test::kQuick;
using test::message_of;
using test::TemporaryFolder;
using test::write;

TEST_CASE("download: a file arrives whole, with progress, in a folder made for it") {
  const TemporaryFolder folder;
  HttpServer server([](const HttpRequest& request) { return content_reply(kContent, request); });
  const Download file = file_at({server.url("file.bin")});
  std::vector<DownloadProgress> seen;
  const auto path =
      fetch::download(file, folder.path() / "a" / "b", kQuick,
                      [&](const DownloadProgress& progress) { seen.push_back(progress); });
  REQUIRE(path == folder.path() / "a" / "b" / "file.bin");
  REQUIRE(read_file(path) == kContent);
  REQUIRE(!std::filesystem::exists(path.string() + ".part"));
  REQUIRE(!seen.empty());
  REQUIRE(seen.back().done_bytes == int64_t(kContent.size()));
  REQUIRE(seen.back().total_bytes == int64_t(kContent.size()));
  REQUIRE(seen.back().name == "file.bin");
}

TEST_CASE("download: a connection that breaks off goes on where it broke") {
  const TemporaryFolder folder;
  HttpServer server([](const HttpRequest& request) {
    HttpReply reply = content_reply(kContent, request);
    reply.sent_bytes = 70'000;
    return reply;
  });
  const auto path = fetch::download(file_at({server.url("file.bin")}), folder.path(), kQuick);
  REQUIRE(read_file(path) == kContent);
  const auto requests = server.requests();
  REQUIRE(requests.size() == 5);
  REQUIRE(!requests[0].range_begin);
  for (size_t i = 1; i < 5; ++i) REQUIRE(requests[i].range_begin == int64_t(i) * 70'000);
}

TEST_CASE("download: the part of an earlier call is used") {
  const TemporaryFolder folder;
  write(folder.path() / "file.bin.part", kContent.substr(0, 123'456));
  HttpServer server([](const HttpRequest& request) { return content_reply(kContent, request); });
  REQUIRE(read_file(fetch::download(file_at({server.url("x")}), folder.path(), kQuick)) ==
          kContent);
  REQUIRE(server.requests().size() == 1);
  REQUIRE(server.requests()[0].range_begin == 123'456);
}

TEST_CASE("download: a part that is whole already needs no request") {
  const TemporaryFolder folder;
  write(folder.path() / "file.bin.part", kContent);
  HttpServer server([](const HttpRequest&) { return HttpReply{.status = 500}; });
  REQUIRE(read_file(fetch::download(file_at({server.url("x")}), folder.path(), kQuick)) ==
          kContent);
  REQUIRE(server.requests().empty());
}

TEST_CASE("download: a part of another file is thrown away") {
  const TemporaryFolder folder;
  HttpServer server([](const HttpRequest& request) { return content_reply(kContent, request); });
  SECTION("shorter") { write(folder.path() / "file.bin.part", std::string(5'000, 'x')); }
  SECTION("as long") { write(folder.path() / "file.bin.part", std::string(300'000, 'x')); }
  SECTION("longer") { write(folder.path() / "file.bin.part", std::string(300'001, 'x')); }
  REQUIRE(read_file(fetch::download(file_at({server.url("x")}), folder.path(), kQuick)) ==
          kContent);
}

TEST_CASE("download: what is there is not fetched again, what is in the way is left alone") {
  const TemporaryFolder folder;
  HttpServer server([](const HttpRequest& request) { return content_reply(kContent, request); });
  const Download file = file_at({server.url("x")});
  write(folder.path() / "file.bin", kContent);
  fetch::download(file, folder.path(), kQuick);
  REQUIRE(server.requests().empty());

  write(folder.path() / "file.bin", "mine");
  const std::string message =
      message_of<DataError>([&] { fetch::download(file, folder.path(), kQuick); });
  REQUIRE(contains(message, "it has 4 bytes, not 300000"));
  REQUIRE(read_file(folder.path() / "file.bin") == "mine");
}

TEST_CASE("download: without a checksum, a part is never mixed with another server's bytes") {
  const TemporaryFolder folder;
  write(folder.path() / "file.bin.part", "other bytes");
  HttpServer server([](const HttpRequest& request) { return content_reply(kContent, request); });
  const Download file{.name = "file.bin", .urls = {server.url("x")}};
  REQUIRE(read_file(fetch::download(file, folder.path(), kQuick)) == kContent);
}

TEST_CASE("download: a signal stops it and the next call goes on") {
  const TemporaryFolder folder;
  bool interrupt = true;
  HttpServer server([&](const HttpRequest& request) {
    HttpReply reply = content_reply(kContent, request);
    if (interrupt) {
      reply.sent_bytes = 10'000;
      reply.stalls = true;
    }
    return reply;
  });
  const Download file = file_at({server.url("x")});
  const std::string message = message_of<Interrupted>([&] {
    fetch::download(file, folder.path(), kQuick, [](const DownloadProgress& progress) {
      if (progress.done_bytes == 10'000) set_interrupt(SIGINT);
    });
  });
  set_interrupt(0);
  REQUIRE(contains(message, "file.bin.part"));
  interrupt = false;
  REQUIRE(read_file(fetch::download(file, folder.path(), kQuick)) == kContent);
  REQUIRE(server.requests().back().range_begin == 10'000);
}

TEST_CASE("download: what the callback throws arrives at the caller") {
  const TemporaryFolder folder;
  HttpServer server([](const HttpRequest& request) { return content_reply(kContent, request); });
  REQUIRE_THROWS_AS(fetch::download(file_at({server.url("x")}), folder.path(), kQuick,
                                    [](const DownloadProgress&) { throw InternalError("no"); }),
                    InternalError);
}
