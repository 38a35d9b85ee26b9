#include "tests/prometheus/http.hpp"

#include <cctype>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

namespace volary::test {
namespace {

struct Socket {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Socket() = default;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { close(fd); }
};

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

int free_port() {
  const Socket socket;
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  bind(socket.fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(socket.fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

Reply http(int port, std::string_view method, std::string_view path, std::string_view headers,
           std::string_view body) {
  const Socket socket;
  sockaddr_in address = loopback(port);
  if (connect(socket.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return {};
  // 1.0: the answer comes in one piece and ends with the connection.
  const std::string request =
      fmt::format("{} {} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n{}\r\n{}", method,
                  path, body.size(), headers, body);
  for (std::string_view rest = request; !rest.empty();) {
    const auto sent = send(socket.fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) return {};
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  std::string answer;
  char buffer[65536];
  for (ssize_t got = 0; (got = recv(socket.fd, buffer, sizeof buffer, 0)) > 0;)
    answer.append(buffer, static_cast<std::size_t>(got));
  const auto end = answer.find("\r\n\r\n");
  if (answer.size() < 12 || end == std::string::npos) return {};
  return {.status = std::stoi(answer.substr(9, 3)), .body = answer.substr(end + 4)};
}

std::string form_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace volary::test
