#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

/// A server that answers byte by byte as a test says, faults included: what no library that speaks
/// HTTP well would do.
namespace volary::test {

/// One request, as it came in.
struct Seen {
  int connection = 0;  ///< counted from 1
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

/// What the server does next on the connection.
struct Step {
  std::string send;
  std::chrono::milliseconds before{};  ///< waits first
  enum class Then { Go, Close, Reset } then = Then::Go;
};
using Script = std::vector<Step>;

/// An answer with a Content-Length, and whatever other header lines ("Name: value\r\n").
[[nodiscard]] Script answer(int status, const std::string& body, const std::string& headers = {});
/// The head of a chunked answer with status 200; chunks and an end follow it.
[[nodiscard]] std::string chunked_head();
[[nodiscard]] std::string chunk(const std::string& bytes);
inline const std::string last_chunk = "0\r\n\r\n";

class ScriptedServer {
 public:
  /// `script` is asked with each request, from the thread of its connection.
  explicit ScriptedServer(std::function<Script(const Seen&)> script);
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer();

  [[nodiscard]] std::string url() const;
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::vector<Seen> seen() const;
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void serve(int connection, int number);

  std::function<Script(const Seen&)> script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> ending_ = false;
  std::atomic<int> connections_ = 0;
  mutable std::mutex lock_;
  std::vector<Seen> seen_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace volary::test
