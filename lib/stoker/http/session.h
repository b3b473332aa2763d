// One connection of a server. For sources only: Boost's headers are heavy.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "stoker/http/server.h"

namespace stoker::http {

// Lives for as long as an operation of it is under way. All in the server's thread.
class Session : public std::enable_shared_from_this<Session> {
 public:
  struct Host {  // what it needs of the server
    const ServerOptions& options;
    const Server::Handler& handler;
    bool checks_host = true;  // only who asks for this machine by name or number is answered
    std::function<void(const std::shared_ptr<Session>&)> on_end;
  };

  Session(boost::asio::ip::tcp::socket socket, const Host& host);
  void start() { read(); }
  void close();
  // To a stream's reader; nothing on other connections.
  void send_event(const std::shared_ptr<const std::string>& event);
  bool is_stream() const { return is_stream_; }
  bool has_asked() const { return has_asked_; }

 private:
  void read();
  void answer();
  void respond(const Response& response, bool is_kept);
  void begin_stream();
  void write_next();
  void watch_reader();
  void end();
  Response response_to(const std::string& method, const std::string& target) const;

  const Host& host_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::empty_body>> parser_;
  std::optional<boost::beast::http::response<boost::beast::http::string_body>> response_;
  std::deque<std::shared_ptr<const std::string>> events_;
  size_t waiting_bytes_ = 0;
  bool is_stream_ = false, has_asked_ = false, has_ended_ = false, is_writing_ = false;
  char spare_ = 0;
};

}  // namespace stoker::http
