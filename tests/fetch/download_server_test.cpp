// Downloads from servers that lie, lack the file, stall or send elsewhere.
#include "fetch/downloading.h"
#include "stoker/core/error.h"
#include "stoker/core/hash.h"
#include "support/catch.h"

using namespace stoker;
using fetch::Download;
using fetch::DownloadOptions;
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

TEST_CASE("download: a server that ignores ranges is read from the start") {
  const TemporaryFolder folder;
  write(folder.path() / "file.bin.part", kContent.substr(0, 1'000));
  HttpServer server([](const HttpRequest&) { return HttpReply{.body = kContent}; });
  REQUIRE(read_file(fetch::download(file_at({server.url("x")}), folder.path(), kQuick)) ==
          kContent);
  REQUIRE(server.requests().size() == 1);
}

TEST_CASE("download: a range other than the one asked for is not believed") {
  const TemporaryFolder folder;
  write(folder.path() / "file.bin.part", kContent.substr(0, 1'000));
  HttpServer server([](const HttpRequest& request) {
    if (!request.range_begin) return HttpReply{.body = kContent};
    return HttpReply{
        .status = 206, .headers = {"Content-Range: bytes 0-299999/300000"}, .body = kContent};
  });
  REQUIRE(read_file(fetch::download(file_at({server.url("x")}), folder.path(), kQuick)) ==
          kContent);
  REQUIRE(server.requests().size() == 2);
}

TEST_CASE("download: a server that lies about the length") {
  const TemporaryFolder folder;
  const auto fails_with = [&](HttpReply reply, const std::string& reason) {
    HttpServer server([reply](const HttpRequest&) { return reply; });
    const std::string message = message_of<DataError>(
        [&] { fetch::download(file_at({server.url("x")}), folder.path(), kQuick); });
    CAPTURE(message);
    REQUIRE(contains(message, reason));
    REQUIRE(contains(message, server.url("x")));
    REQUIRE(!std::filesystem::exists(folder.path() / "file.bin"));
    return server.requests().size();
  };
  SECTION("announces another size") {
    REQUIRE(fails_with({.body = kContent + "x"}, "its file has 300001 bytes, not 300000") == 1);
  }
  SECTION("announces the right size and sends less, for ever") {
    REQUIRE(fails_with({.body = "abc", .announced_bytes = 300'000}, "it broke off at 3 B") <= 5);
  }
  SECTION("announces nothing and sends too much") {
    REQUIRE(fails_with({.body = kContent + kContent, .announced_bytes = -1},
                       "it sent more than the 300000 bytes") == 1);
  }
  SECTION("announces nothing and sends too little") {
    REQUIRE(fails_with({.body = "abc", .announced_bytes = -1}, "it has 3 bytes, not 300000") == 1);
  }
  SECTION("sends nothing") {
    REQUIRE(fails_with({.announced_bytes = 0}, "it has 0 bytes, not 300000") == 1);
  }
}

TEST_CASE("download: a wrong file of the right size is refused, and the next mirror asked") {
  const TemporaryFolder folder;
  std::string wrong = kContent;
  wrong[150'000] ^= 1;
  HttpServer liar([&](const HttpRequest& request) { return content_reply(wrong, request); });
  const std::string message = message_of<DataError>(
      [&] { fetch::download(file_at({liar.url("x")}), folder.path(), kQuick); });
  REQUIRE(contains(message, "its SHA-256 is " + sha256_hex(as_bytes(wrong)) + ", not " +
                                sha256_hex(as_bytes(kContent))));
  REQUIRE(!std::filesystem::exists(folder.path() / "file.bin"));

  HttpServer honest([](const HttpRequest& request) { return content_reply(kContent, request); });
  const Download file = file_at({liar.url("x"), honest.url("y")});
  REQUIRE(read_file(fetch::download(file, folder.path(), kQuick)) == kContent);
  REQUIRE(honest.requests().size() == 1);
}

TEST_CASE("download: a mirror that lacks the file gives way to the next") {
  const TemporaryFolder folder;
  HttpServer empty([](const HttpRequest&) { return HttpReply{.status = 404, .body = "no"}; });
  HttpServer good([](const HttpRequest& request) { return content_reply(kContent, request); });
  const Download file = file_at({empty.url("x"), good.url("y")});
  REQUIRE(read_file(fetch::download(file, folder.path(), kQuick)) == kContent);
  REQUIRE(empty.requests().size() == 1);
}

TEST_CASE("download: when every mirror fails, the message says what each answered") {
  const TemporaryFolder folder;
  HttpServer gone([](const HttpRequest&) { return HttpReply{.status = 404}; });
  HttpServer busy([](const HttpRequest&) { return HttpReply{.status = 503}; });
  HttpServer odd([](const HttpRequest&) { return HttpReply{.raw = "SSH-2.0-OpenSSH_9.2\r\n"}; });
  const Download file = file_at({gone.url("a"), busy.url("b"), odd.url("c")});
  const std::string message =
      message_of<DataError>([&] { fetch::download(file, folder.path(), kQuick); });
  CAPTURE(message);
  REQUIRE(contains(message, "file.bin could not be downloaded"));
  REQUIRE(contains(message, gone.url("a") + ": it answered with status 404 (not found)"));
  REQUIRE(contains(message, busy.url("b") + ": it answered with status 503"));
  REQUIRE(contains(message, odd.url("c")));
  REQUIRE(contains(message, (folder.path() / "file.bin").string()));
  REQUIRE(gone.requests().size() == 1);
  REQUIRE(busy.requests().size() == 3);
  REQUIRE(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("download: a busy server is asked again") {
  const TemporaryFolder folder;
  int calls = 0;
  HttpServer server([&](const HttpRequest& request) {
    return ++calls < 3 ? HttpReply{.status = 503} : content_reply(kContent, request);
  });
  REQUIRE(read_file(fetch::download(file_at({server.url("x")}), folder.path(), kQuick)) ==
          kContent);
}

TEST_CASE("download: nobody listening is a failure, not a hang") {
  const TemporaryFolder folder;
  std::string url;
  {
    HttpServer server([](const HttpRequest&) { return HttpReply{}; });
    url = server.url("x");
  }
  const std::string message =
      message_of<DataError>([&] { fetch::download(file_at({url}), folder.path(), kQuick); });
  REQUIRE(contains(message, url));
}

TEST_CASE("download: a transfer that stalls is taken up again where it stood") {
  const TemporaryFolder folder;
  DownloadOptions options = kQuick;
  options.stall_timeout_s = 1;
  options.attempts = 10;  // so that a slow machine passes too
  HttpServer server([](const HttpRequest& request) {
    HttpReply reply = content_reply(kContent, request);
    if (!request.range_begin) {
      reply.sent_bytes = 50'000;
      reply.stalls = true;
    }
    return reply;
  });
  REQUIRE(read_file(fetch::download(file_at({server.url("x")}), folder.path(), options)) ==
          kContent);
  REQUIRE(server.requests()[1].range_begin == 50'000);
}

TEST_CASE("download: a server that never answers is given up") {
  const TemporaryFolder folder;
  DownloadOptions options = kQuick;
  options.stall_timeout_s = 1;
  options.attempts = 1;
  HttpServer silent(
      [](const HttpRequest&) { return HttpReply{.announced_bytes = 300'000, .stalls = true}; });
  const std::string message = message_of<DataError>(
      [&] { fetch::download(file_at({silent.url("x")}), folder.path(), options); });
  REQUIRE(contains(message, "stalled"));
}

TEST_CASE("download: redirects are followed, but not for ever") {
  const TemporaryFolder folder;
  HttpServer server([](const HttpRequest& request) {
    if (request.path == "/loop") return HttpReply{.status = 302, .headers = {"Location: /loop"}};
    if (request.path == "/old") return HttpReply{.status = 302, .headers = {"Location: /new"}};
    if (request.path == "/disk")
      return HttpReply{.status = 302, .headers = {"Location: file:///etc/passwd"}};
    return content_reply(kContent, request);
  });
  for (const char* bad : {"loop", "disk"}) {
    const std::string message = message_of<DataError>(
        [&] { fetch::download(file_at({server.url(bad)}), folder.path(), kQuick); });
    CAPTURE(message);
    REQUIRE(contains(message, "could not be downloaded"));
  }
  REQUIRE(read_file(fetch::download(file_at({server.url("old")}), folder.path(), kQuick)) ==
          kContent);
}
