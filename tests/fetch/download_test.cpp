#include "stoker/fetch/download.h"

#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "fetch/http_server.h"
#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/core/hash.h"
#include "stoker/core/interrupt.h"
#include "stoker/fetch/part_file.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using fetch::Download;
using fetch::DownloadOptions;
using fetch::DownloadProgress;
using test::content_reply;
using test::HttpReply;
using test::HttpRequest;
using test::HttpServer;
using test::TemporaryFolder;

namespace {

// 300,000 bytes, so that it comes in several pieces.
std::string make_content() {
  std::string content(300'000, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = char(i * i / 7 + i);
  return content;
}
const std::string kContent = make_content();

const DownloadOptions kQuick{.connect_timeout_s = 10,
                             .stall_timeout_s = 10,
                             .stall_bytes_per_s = 1,
                             .attempts = 3,
                             .retry_wait_s = 0};

Download file_at(std::vector<std::string> urls) {
  return {.name = "file.bin",
          .urls = std::move(urls),
          .size_bytes = int64_t(kContent.size()),
          .sha256 = sha256_hex(as_bytes(kContent))};
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

template <class E>
std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const E& error) {
    return error.what();
  }
  return "nothing was thrown";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

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

TEST_CASE("download: a server that ignores ranges is read from the start") {
  const TemporaryFolder folder;
  write(folder.path() / "file.bin.part", kContent.substr(0, 1'000));
  HttpServer server([](const HttpRequest&) { return HttpReply{.body = kContent}; });
  REQUIRE(read_file(fetch::download(file_at({server.url("x")}), folder.path(), kQuick)) ==
          kContent);
  REQUIRE(server.requests().size() == 1);
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
