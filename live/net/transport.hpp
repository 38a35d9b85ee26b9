#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "engine/units.hpp"
#include "live/net/secret.hpp"

/// The one place that speaks HTTP: libcurl, with a limit on everything. KubeClient and HttpClient
/// stand on it.
namespace volary::live {

/// Whom to trust, and who we are.
struct TlsSettings {
  bool verify = true;       ///< INV-43
  std::string roots;        ///< PEM; empty: those of the system. Given, they are the only ones.
  std::string server_name;  ///< the name to verify and to ask for, where it is not the URL's host
  Secret certificate;       ///< PEM, of the client
  Secret key;               ///< PEM
};

/// One request, and what it may cost. Zero limits nothing. One with a body is never sent twice.
struct Exchange {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, Secret>> headers;
  std::string body;
  bool has_body = false;
  const TlsSettings* tls = nullptr;
  std::string proxy;  ///< empty: as the environment says, and never for this machine itself
  Duration connect_limit = std::chrono::seconds{5};
  Duration total_limit = std::chrono::seconds{10};
  Duration silence_limit{};  ///< without one byte
  std::size_t body_limit = std::size_t{8} << 20;
  bool cut_body = false;    ///< true: what is beyond the limit is dropped; false: an error
  bool fresh = false;       ///< on a connection of its own: nothing is ever sent twice
  bool compressed = false;  ///< accept gzip; limits count decoded bytes
  /// Given, the body of an answer with status 200 goes here piece by piece; false ends the exchange
  /// well.
  std::function<bool(std::string_view)> on_body;
};

struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;
  Duration retry_after{};  ///< Retry-After, given in seconds or as a date; zero: none
  bool cut = false;        ///< the body was longer
  bool http2 = false;
};

struct ExchangeError {
  enum class Kind {
    Timeout,
    Silence,      ///< nothing was heard for `silence_limit`
    Unavailable,  ///< no connection, or one that broke: worth another try
    Refused,      ///< a certificate, theirs or ours: not worth one
    Invalid,      ///< not a URL that can be asked
    TooLarge,
    Stopped,
  } kind{};
  std::string message;
};

/// Connections that are kept for the next request. Thread-safe; a stop ends every exchange within
/// milliseconds.
class Transport {
 public:
  explicit Transport(std::stop_token stop);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  ~Transport();

  [[nodiscard]] tl::expected<Answer, ExchangeError> exchange(const Exchange& exchange);
  [[nodiscard]] const std::stop_token& stop() const { return stop_; }

 private:
  struct Line;  ///< one handle with its connections; serves one exchange at a time
  struct Share;
  [[nodiscard]] std::unique_ptr<Line> borrow();
  void give_back(std::unique_ptr<Line> line);

  std::stop_token stop_;
  std::unique_ptr<Share> share_;  ///< outlives the lines
};

}  // namespace volary::live
