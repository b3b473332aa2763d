// A small HTTP/1.1 server in a thread of its own, for a page and a few texts that are read now and
// then, and for streams of server-sent events.
//
//   Server server({.port = 9400}, [](const Request& request) -> Response {
//     return {.body = "hello\n"};
//   });
//   server.publish("step 12");     // to whoever reads /events
//
// Whoever connects cannot hold it up: connections, the bytes of a request, the time until it is
// there and until an answer is taken are bounded, and of a stream that is read too slowly the rest
// is let go. Nobody's work waits for a client: publish() only hands over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace stoker::http {

struct Request {
  std::string path;  // without the query
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

struct ServerOptions {
  std::string address = "127.0.0.1";  // or "::1", "0.0.0.0"
  uint16_t port = 0;                  // 0: any that is free
  size_t max_connections =
      64;  // beyond them the one that has waited longest without a request goes
  double request_timeout_s = 5, answer_timeout_s = 10;
  size_t max_request_bytes = 8192;
  size_t max_stream_bytes = size_t{1} << 20;  // that wait for a slow reader before it is let go
  std::string stream_path = "/events";
};

// Throws ConfigError as a server would, before there is one.
void check_address(const ServerOptions& options);

class Server {
 public:
  // Called in the server's thread, one request at a time, for GET and HEAD; what it throws is
  // answered as 500 and its reason stays within the process.
  using Handler = std::function<Response(const Request&)>;

  // Throws ConfigError where the address cannot be listened on.
  Server(const ServerOptions& options, Handler handler);
  ~Server();  // closes all connections
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  uint16_t port() const;
  // An event of these lines to every open stream. From any thread; does not wait.
  void publish(const std::string& text);
  // Of this moment, for tests.
  size_t connections() const;

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

}  // namespace stoker::http
