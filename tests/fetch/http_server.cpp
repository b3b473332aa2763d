#include "fetch/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace stoker::test {
namespace {

constexpr int kTick_ms = 20;
constexpr size_t kLongestRequest = 1 << 16;

bool readable(int descriptor) {
  pollfd wait{descriptor, POLLIN, 0};
  return ::poll(&wait, 1, kTick_ms) > 0;
}

HttpRequest parse(const std::string& text) {
  HttpRequest request;
  const size_t begin = text.find(' ') + 1;
  request.path = text.substr(begin, text.find(' ', begin) - begin);
  constexpr std::string_view kRange = "Range: bytes=";
  if (const size_t at = text.find(kRange); at != std::string::npos)
    request.range_begin = std::atoll(text.c_str() + at + kRange.size());
  return request;
}

void send_all(int client, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(client, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the client has had enough
    text.remove_prefix(size_t(sent));
  }
}

std::string head_of(const HttpReply& reply) {
  std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " Reply\r\n";
  const int64_t length = reply.announced_bytes.value_or(int64_t(reply.body.size()));
  if (length >= 0) head += "Content-Length: " + std::to_string(length) + "\r\n";
  for (const std::string& header : reply.headers) head += header + "\r\n";
  return head + "Connection: close\r\n\r\n";
}

}  // namespace

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
  ::setenv("no_proxy", "127.0.0.1", 1);  // nothing of a test may leave this machine
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, generic, length) != 0 || ::listen(listener_, 8) != 0 ||
      ::getsockname(listener_, generic, &length) != 0)
    throw std::runtime_error("no port on loopback");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

HttpServer::~HttpServer() {
  stop_ = true;
  thread_.join();
  ::close(listener_);
}

std::string HttpServer::url(const std::string& name) const {
  return "http://127.0.0.1:" + std::to_string(port_) + "/" + name;
}

std::vector<HttpRequest> HttpServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void HttpServer::serve() {
  while (!stop_) {
    if (!readable(listener_)) continue;
    const int client = ::accept(listener_, nullptr, nullptr);
    if (client < 0) continue;
    answer(client);
    ::close(client);
  }
}

void HttpServer::answer(int client) {
  std::string text;
  char piece[4096];
  while (!stop_ && text.find("\r\n\r\n") == std::string::npos && text.size() < kLongestRequest) {
    if (!readable(client)) continue;
    const ssize_t got = ::recv(client, piece, sizeof(piece), 0);
    if (got <= 0) return;
    text.append(piece, size_t(got));
  }
  const HttpRequest request = parse(text);
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  const HttpReply reply = handler_(request);
  if (!reply.raw.empty()) return send_all(client, reply.raw);
  send_all(client, head_of(reply));
  send_all(client, std::string_view(reply.body).substr(0, reply.sent_bytes));
  if (reply.stalls) hold(client);
}

void HttpServer::hold(int client) const {
  char byte;
  while (!stop_)
    if (readable(client) && ::recv(client, &byte, 1, 0) <= 0) return;
}

HttpReply content_reply(const std::string& content, const HttpRequest& request) {
  if (!request.range_begin) return {.body = content};
  const int64_t begin = *request.range_begin;
  const int64_t size = int64_t(content.size());
  if (begin >= size) return {.status = 416};
  return {.status = 206,
          .headers = {"Content-Range: bytes " + std::to_string(begin) + "-" +
                      std::to_string(size - 1) + "/" + std::to_string(size)},
          .body = content.substr(size_t(begin))};
}

}  // namespace stoker::test
