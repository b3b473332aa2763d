#include "stoker/http/server.h"

#include <stdexcept>
#include <thread>
#include <vector>

#include "client.h"
#include "stoker/core/error.h"
#include "support/catch.h"

using namespace stoker;
using Catch::Contains;
using http::Request;
using http::Response;
using http::Server;
using http::ServerOptions;
using test::Client;

namespace {

Response answer(const Request& request) {
  if (request.path == "/fails") throw std::runtime_error("a secret");
  if (request.path == "/large") return {.body = std::string(3 << 20, 'x')};
  return {.body = "you asked for " + request.path + "\n"};
}

std::string ask(uint16_t port, std::string_view request) {
  const Client client(port);
  client.send(request);
  return client.receive();
}

std::string get(uint16_t port, const std::string& path) {
  return ask(port, "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
}

// Waits until the server has seen what its clients did; false after 10 s.
template <class Condition>
bool soon(const Condition& condition) {
  for (int i = 0; i < 1000 && !condition(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return condition();
}

}  // namespace

TEST_CASE("a server answers GET and HEAD, without the query, and says how long the answer is") {
  const Server server({}, answer);
  CHECK_THAT(get(server.port(), "/a/b?c=d"), Contains("200 OK") && Contains("Content-Length: 19") &&
                                                 Contains("\r\n\r\nyou asked for /a/b\n"));
  const std::string head =
      ask(server.port(), "HEAD /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK_THAT(head, Contains("Content-Length: 17") && !Contains("you asked"));
  CHECK(get(server.port(), "/large").size() > (3 << 20));
}

TEST_CASE("requests follow each other on one connection") {
  const Server server({}, answer);
  const Client client(server.port());
  client.send("GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK_THAT(client.receive("for /1\n"), Contains("keep-alive") || Contains("200 OK"));
  client.send(
      "GET /2 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /3 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK_THAT(client.receive("for /3\n"), Contains("for /2\n"));
}

TEST_CASE("what is no request, too large or of another method is refused in words") {
  const Server server({.max_request_bytes = 512}, answer);
  CHECK_THAT(ask(server.port(), "\x16\x03\x01 nonsense\r\n\r\n"), Contains("400"));
  CHECK_THAT(ask(server.port(), "GET / HTTP/9.9\r\n\r\n"), Contains("400"));
  CHECK_THAT(ask(server.port(), "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
             Contains("405"));
  CHECK_THAT(ask(server.port(),
                 "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabcdefghi"),
             Contains("413"));
  CHECK_THAT(ask(server.port(), "GET /" + std::string(600, 'a') + " HTTP/1.1\r\n\r\n"),
             Contains("413"));
  CHECK_THAT(get(server.port(), "/fails"), Contains("500") && !Contains("secret"));
  CHECK_THAT(get(server.port(), "/still"), Contains("200 OK"));
}

TEST_CASE("a page elsewhere that calls its own host this machine is not answered") {
  const Server server({}, answer);
  const auto with_host = [&](const std::string& host) {
    return ask(server.port(), "GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
  };
  CHECK_THAT(with_host("evil.example:9400"), Contains("403"));
  CHECK_THAT(with_host("localhost.evil.example"), Contains("403"));
  CHECK_THAT(with_host("127.0.0.1:9400"), Contains("200"));
  CHECK_THAT(with_host("[::1]:9400"), Contains("200"));
}

TEST_CASE("who sends half a request, or nothing, is let go after a while") {
  const Server server({.request_timeout_s = 0.1}, answer);
  const Client silent(server.port()), half(server.port());
  half.send("GET / HTTP/1.1\r\nHost: loc");
  CHECK(silent.receive().empty());
  CHECK(half.receive().empty());
  CHECK(soon([&] { return server.connections() == 0; }));
}

TEST_CASE("many that hold connections without asking do not keep others out") {
  const Server server({.max_connections = 8, .request_timeout_s = 60}, answer);
  std::vector<Client> held;
  for (int i = 0; i < 200; ++i) {
    held.emplace_back(server.port());
    REQUIRE(held.back().is_connected());
    held.back().send("GET / HTTP/1.1\r\n");
    if (i % 50 == 0) CHECK_THAT(get(server.port(), "/me"), Contains("for /me"));
  }
  CHECK_THAT(get(server.port(), "/me"), Contains("for /me"));
  CHECK(server.connections() <= 8);
}

TEST_CASE("an event reaches every open stream, a line of it at a time") {
  Server server({.stream_path = "/events"}, answer);
  const Client first(server.port()), second(server.port());
  for (const Client* client : {&first, &second}) {
    client->send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK_THAT(client->receive("retry"), Contains("text/event-stream"));
  }
  server.publish("{\"step\":1}\nsecond line");
  for (const Client* client : {&first, &second})
    CHECK_THAT(client->receive("second line\n\n"),
               Contains("data: {\"step\":1}\ndata: second line\n\n"));
}

TEST_CASE("a stream whose reader does not read is let go, and the others go on") {
  Server server({.answer_timeout_s = 60, .max_stream_bytes = 400'000}, answer);
  const Client slow(server.port(), 4096), reader(server.port());
  for (const Client* client : {&slow, &reader})
    client->send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK_THAT(reader.receive("retry"), Contains("200 OK"));
  CHECK(soon([&] { return server.connections() == 2; }));
  // Beyond all that the system itself keeps for a socket.
  const std::string event(50'000, 'e');
  for (int i = 0; i < 400 && server.connections() == 2; ++i) {
    server.publish(event);
    REQUIRE_THAT(reader.receive("e\n\n"), Contains("eee"));
  }
  CHECK(soon([&] { return server.connections() == 1; }));
}

TEST_CASE("an address that cannot be listened on is refused, and a server ends with open streams") {
  Server server({}, answer);
  CHECK_THROWS_WITH(Server({.port = server.port()}, answer), Contains("Choose another port"));
  CHECK_THROWS_AS(Server({.address = "nowhere"}, answer), ConfigError);
  const Client stream(server.port());
  stream.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK_THAT(stream.receive("retry"), Contains("200 OK"));
  // Its destructor returns although the stream is open.
}
