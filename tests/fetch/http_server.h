// An HTTP server on loopback that misbehaves as a test tells it to. One connection at a time, one
// request a connection.
//
//   HttpServer server([](const HttpRequest& request) { return HttpReply{.body = "hello"}; });
//   fetch(server.url("file.bin"));
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace stoker::test {

struct HttpRequest {
  std::string path;                    // "/file.bin"
  std::optional<int64_t> range_begin;  // of "Range: bytes=N-"
};

struct HttpReply {
  int status = 200;
  std::vector<std::string> headers = {};  // without line ends
  std::string body = {};
  std::optional<int64_t> announced_bytes = {};  // Content-Length; -1: none is sent
  size_t sent_bytes = SIZE_MAX;                 // breaks off after so many of the body
  bool stalls = false;                          // then holds the connection, silent
  std::string raw = {};                         // sent instead of everything above
};

class HttpServer {
 public:
  using Handler = std::function<HttpReply(const HttpRequest&)>;

  explicit HttpServer(Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string url(const std::string& name) const;
  std::vector<HttpRequest> requests() const;

 private:
  void serve();
  void answer(int client);
  void hold(int client) const;

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  std::vector<HttpRequest> requests_;
  std::thread thread_;
};

// `content`, or the rest of it that the request asks for, as a good server sends it.
HttpReply content_reply(const std::string& content, const HttpRequest& request);

}  // namespace stoker::test
