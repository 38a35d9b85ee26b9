#include "tests/net/scripted_server.hpp"

#include <cstdlib>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

namespace volary::test {
namespace {

/// Reads more; false at the end of the connection or of the server.
bool receive(int connection, std::string& buffer, const std::atomic<bool>& ending) {
  while (!ending) {
    pollfd wait{.fd = connection, .events = POLLIN, .revents = 0};
    if (poll(&wait, 1, 3) <= 0) continue;
    char piece[16384];
    const ssize_t got = recv(connection, piece, sizeof piece, 0);
    if (got <= 0) return false;
    buffer.append(piece, static_cast<std::size_t>(got));
    return true;
  }
  return false;
}

Seen parsed(const std::string& head) {
  Seen seen;
  const std::size_t first_line = head.find("\r\n");
  const std::size_t space = head.find(' ');
  seen.method = head.substr(0, space);
  seen.target = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
  for (std::size_t at = first_line + 2; at < head.size();) {
    const std::size_t end = std::min(head.find("\r\n", at), head.size());
    const std::string line = head.substr(at, end - at);
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos) {
      std::string name = line.substr(0, colon);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      std::string value = line.substr(colon + 1);
      value.erase(0, value.find_first_not_of(' '));
      seen.headers[name] = value;
    }
    at = end + 2;
  }
  return seen;
}

}  // namespace

Script answer(int status, const std::string& body, const std::string& headers) {
  return {{.send = "HTTP/1.1 " + std::to_string(status) + " Said\r\nContent-Length: " +
                   std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body}};
}

std::string chunked_head() {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
}

std::string chunk(const std::string& bytes) {
  char size[24];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + bytes + "\r\n";
}

ScriptedServer::ScriptedServer(std::function<Script(const Seen&)> script)
    : script_{std::move(script)} {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      listen(listener_, 64) != 0)
    throw std::runtime_error("the scripted server cannot listen");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread{[this] {
    while (!ending_) {
      pollfd wait{.fd = listener_, .events = POLLIN, .revents = 0};
      if (poll(&wait, 1, 3) <= 0) continue;
      const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) continue;
      const int on = 1;
      setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const int number = ++connections_;
      const std::lock_guard hold{lock_};
      threads_.emplace_back([this, connection, number] { serve(connection, number); });
    }
  }};
}

ScriptedServer::~ScriptedServer() {
  ending_ = true;
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  close(listener_);
}

void ScriptedServer::serve(int connection, int number) {
  std::string buffer;
  bool open = true;
  while (open) {
    std::size_t end = std::string::npos;
    while (open && (end = buffer.find("\r\n\r\n")) == std::string::npos)
      open = receive(connection, buffer, ending_);
    if (!open) break;
    Seen request = parsed(buffer.substr(0, end));
    request.connection = number;
    buffer.erase(0, end + 4);
    const auto length =
        static_cast<std::size_t>(std::atol(request.headers["content-length"].c_str()));
    while (open && buffer.size() < length) open = receive(connection, buffer, ending_);
    request.body = buffer.substr(0, length);
    buffer.erase(0, length);
    {
      const std::lock_guard hold{lock_};
      seen_.push_back(request);
    }
    for (const Step& step : script_(request)) {
      for (auto waited = std::chrono::milliseconds{}; waited < step.before && !ending_;
           waited += std::chrono::milliseconds{5})
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
      for (std::size_t sent = 0; sent < step.send.size() && open;) {
        const ssize_t n =
            send(connection, step.send.data() + sent, step.send.size() - sent, MSG_NOSIGNAL);
        if (n <= 0)
          open = false;
        else
          sent += static_cast<std::size_t>(n);
      }
      if (step.then == Step::Then::Reset) {
        const linger none{.l_onoff = 1, .l_linger = 0};
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &none, sizeof none);
      }
      if (step.then != Step::Then::Go) open = false;
      if (!open || ending_) break;
    }
  }
  close(connection);
}

std::string ScriptedServer::url() const { return "http://127.0.0.1:" + std::to_string(port_); }

std::vector<Seen> ScriptedServer::seen() const {
  const std::lock_guard hold{lock_};
  return seen_;
}

}  // namespace volary::test
