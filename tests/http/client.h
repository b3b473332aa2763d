// A socket that says to a server what a test wants said.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace stoker::test {

class Client {
 public:
  // receive_bytes: how much the system takes for it unread; 0: as usual.
  explicit Client(uint16_t port, int receive_bytes = 0) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_bytes > 0)
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
    sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ =
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~Client() {
    if (socket_ >= 0) ::close(socket_);
  }
  Client(Client&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), is_connected_(other.is_connected_) {}
  Client& operator=(Client&&) = delete;

  bool is_connected() const { return is_connected_; }
  void send(std::string_view text) const {
    [[maybe_unused]] const auto sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
  }
  // What comes until the server closes, until it holds `until`, or until 10 s are over.
  std::string receive(std::string_view until = "") const {
    constexpr int kLongestMs = 10'000;
    std::string text;
    pollfd waits{.fd = socket_, .events = POLLIN};
    while (::poll(&waits, 1, kLongestMs) > 0) {
      std::array<char, 4096> piece{};
      const ssize_t size = ::recv(socket_, piece.data(), piece.size(), 0);
      if (size <= 0) return text;
      text.append(piece.data(), static_cast<size_t>(size));
      if (!until.empty() && text.find(until) != std::string::npos) return text;
    }
    return text + "<nothing more came>";
  }

 private:
  int socket_ = -1;
  bool is_connected_ = false;
};

}  // namespace stoker::test
