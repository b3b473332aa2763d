#include "stoker/http/session.h"

#include <spdlog/spdlog.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "stoker/core/log.h"

namespace stoker::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace protocol = boost::beast::http;
using beast::error_code;

namespace {

std::chrono::milliseconds ms(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(1000 * seconds));
}

// "localhost:9400", "127.0.0.1", "[::1]:9400": a page elsewhere that makes its own name mean this
// machine is not one of these.
bool is_this_machine(std::string_view host) {
  if (host.starts_with('[')) return host.starts_with("[::1]");
  const std::string_view name = host.substr(0, host.find(':'));
  return name == "localhost" || name == "127.0.0.1" || name.empty();
}

}  // namespace

Session::Session(asio::ip::tcp::socket socket, const Host& host)
    : host_(host), stream_(std::move(socket)) {}

void Session::close() {
  try {
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both);
  } catch (const boost::system::system_error&) {
    // The other side was the first to close.
  }
  stream_.close();
}

void Session::end() {
  if (std::exchange(has_ended_, true)) return;
  close();
  host_.on_end(shared_from_this());
}

void Session::read() {
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(host_.options.max_request_bytes));
  parser_->body_limit(0);
  stream_.expires_after(ms(host_.options.request_timeout_s));
  protocol::async_read(
      stream_, buffer_, *parser_, [self = shared_from_this()](const error_code& error, size_t) {
        if (error == protocol::error::header_limit || error == protocol::error::body_limit)
          return self->respond({.status = 413, .body = "too large\n"}, false);
        if (error &&
            error.category() == protocol::make_error_code(protocol::error::bad_method).category() &&
            error != protocol::error::end_of_stream)
          return self->respond({.status = 400, .body = "bad request\n"}, false);
        if (error) return self->end();
        self->answer();
      });
}

Response Session::response_to(const std::string& method, const std::string& target) const {
  if (method != "GET" && method != "HEAD")
    return {.status = 405, .body = "only GET and HEAD are answered\n"};
  try {
    return host_.handler({.path = target.substr(0, target.find('?'))});
  } catch (const std::exception& error) {
    log().debug("http: {}: {}", target, error.what());
    return {.status = 500, .body = "this went wrong\n"};
  }
}

void Session::answer() {
  has_asked_ = true;
  const auto& request = parser_->get();
  const std::string method(request.method_string()), target(request.target());
  if (host_.checks_host && !is_this_machine(std::string(request[protocol::field::host])))
    return respond({.status = 403, .body = "only this machine is answered\n"}, false);
  if (method == "GET" && target.substr(0, target.find('?')) == host_.options.stream_path)
    return begin_stream();
  respond(response_to(method, target), request.keep_alive());
}

void Session::respond(const Response& response, bool is_kept) {
  const bool is_head = parser_->is_header_done() && parser_->get().method() == protocol::verb::head;
  response_.emplace(static_cast<protocol::status>(response.status), 11);
  response_->set(protocol::field::content_type, response.content_type);
  response_->set(protocol::field::cache_control, "no-store");
  response_->set("X-Content-Type-Options", "nosniff");
  response_->keep_alive(is_kept);
  response_->body() = response.body;
  response_->prepare_payload();
  if (is_head) response_->body().clear();
  stream_.expires_after(ms(host_.options.answer_timeout_s));
  protocol::async_write(stream_, *response_,
                        [self = shared_from_this(), is_kept](const error_code& error, size_t) {
                          self->response_.reset();
                          if (error || !is_kept) return self->end();
                          self->read();
                        });
}

void Session::begin_stream() {
  is_stream_ = true;
  parser_.reset();
  events_.push_back(std::make_shared<const std::string>(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
      "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\nretry: 3000\n\n"));
  waiting_bytes_ += events_.back()->size();
  write_next();
  watch_reader();
}

// A reader says nothing more; what comes from it now is its end.
void Session::watch_reader() {
  stream_.socket().async_read_some(asio::buffer(&spare_, 1),
                                   [self = shared_from_this()](const error_code& error, size_t) {
                                     if (error) return self->end();
                                     self->watch_reader();
                                   });
}

void Session::send_event(const std::shared_ptr<const std::string>& event) {
  if (!is_stream_ || has_ended_) return;
  if (waiting_bytes_ + event->size() > host_.options.max_stream_bytes) return end();
  events_.push_back(event);
  waiting_bytes_ += event->size();
  write_next();
}

void Session::write_next() {
  if (is_writing_ || events_.empty()) return;
  is_writing_ = true;
  const auto event = events_.front();
  stream_.expires_after(ms(host_.options.answer_timeout_s));
  asio::async_write(stream_, asio::buffer(*event),
                    [self = shared_from_this(), event](const error_code& error, size_t) {
                      self->is_writing_ = false;
                      if (error) return self->end();
                      self->stream_.expires_never();
                      self->waiting_bytes_ -= event->size();
                      self->events_.pop_front();
                      self->write_next();
                    });
}

}  // namespace stoker::http
