#include "stoker/http/server.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <list>
#include <sstream>
#include <thread>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/core/log.h"
#include "stoker/http/session.h"

namespace stoker::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

tcp::endpoint endpoint_of(const ServerOptions& options) {
  error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error)
    throw ConfigError(fmt::format(
        "\"{}\" is no address to listen on; expected one such as 127.0.0.1, ::1 or 0.0.0.0.",
        options.address));
  return {address, options.port};
}

tcp::acceptor open(asio::io_context& context, const ServerOptions& options) {
  const tcp::endpoint endpoint = endpoint_of(options);
  tcp::acceptor acceptor(context);
  try {
    acceptor.open(endpoint.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen();
  } catch (const boost::system::system_error& error) {
    throw ConfigError(fmt::format("port {} of {} cannot be listened on: {}. Choose another port.",
                                  options.port, options.address, error.code().message()));
  }
  return acceptor;
}

// The lines of an event as the stream has them (WHATWG HTML, section 9.2.6).
std::string event_text(const std::string& text) {
  std::istringstream lines(text);
  std::string event;
  for (std::string line; std::getline(lines, line);) event += "data: " + line + "\n";
  return event + "\n";
}

}  // namespace

void check_address(const ServerOptions& options) {
  asio::io_context context{1};
  open(context, options);
}

class Server::Work {
 public:
  Work(const ServerOptions& options, Handler handler)
      : options_(options),
        handler_(std::move(handler)),
        acceptor_(open(context_, options_)),
        port_(acceptor_.local_endpoint().port()),
        pause_(context_),
        host_{options_, handler_, acceptor_.local_endpoint().address().is_loopback(),
              [this](const auto& session) { forget(session); }} {
    accept();
    thread_ = std::thread([this] { run(); });
  }

  ~Work() {
    asio::post(context_, [this] {
      acceptor_.close();
      pause_.cancel();
      for (const auto& session : std::exchange(sessions_, {})) session->close();
    });
    guard_.reset();
    thread_.join();
  }

  uint16_t port() const { return port_; }
  size_t connections() const { return count_; }

  void publish(const std::string& text) {
    if (count_ == 0) return;
    asio::post(context_, [this, event = std::make_shared<const std::string>(event_text(text))] {
      const auto sessions = sessions_;  // one that ends leaves the list
      for (const auto& session : sessions) session->send_event(event);
      count_ = sessions_.size();
    });
  }

 private:
  // No signal is for this thread: they go to those that wait for them.
  void run() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    for (;;) {
      try {
        context_.run();
        return;
      } catch (const std::exception& error) {
        log().debug("http: {}", error.what());
      }
    }
  }

  void accept() {
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return rest();
      make_room();
      sessions_.push_back(std::make_shared<Session>(std::move(socket), host_));
      const auto session = sessions_.back();
      count_ = sessions_.size();
      session->start();
      accept();
    });
  }

  // Out of descriptors: others may be closed in a while.
  void rest() {
    constexpr auto kPause = std::chrono::milliseconds(200);
    pause_.expires_after(kPause);
    pause_.async_wait([this](const error_code& error) {
      if (!error) accept();
    });
  }

  void make_room() {
    if (sessions_.size() < options_.max_connections) return;
    const auto waits = [](const auto& session) { return !session->has_asked(); };
    const auto idle = [](const auto& session) { return !session->is_stream(); };
    auto oldest = std::ranges::find_if(sessions_, waits);
    if (oldest == sessions_.end()) oldest = std::ranges::find_if(sessions_, idle);
    if (oldest == sessions_.end()) oldest = sessions_.begin();
    const auto session = *oldest;
    sessions_.erase(oldest);
    session->close();
  }

  void forget(const std::shared_ptr<Session>& session) {
    sessions_.remove(session);
    count_ = sessions_.size();
  }

  const ServerOptions options_;
  const Handler handler_;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_{context_.get_executor()};
  tcp::acceptor acceptor_;
  const uint16_t port_;
  asio::steady_timer pause_;
  const Session::Host host_;
  std::list<std::shared_ptr<Session>> sessions_;
  std::atomic<size_t> count_{0};
  std::thread thread_;
};

Server::Server(const ServerOptions& options, Handler handler)
    : work_(std::make_unique<Work>(options, std::move(handler))) {}
Server::~Server() = default;

uint16_t Server::port() const { return work_->port(); }
void Server::publish(const std::string& text) { work_->publish(text); }
size_t Server::connections() const { return work_->connections(); }

}  // namespace stoker::http
