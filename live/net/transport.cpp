#include "live/net/transport.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <mutex>
#include <optional>

#include <curl/curl.h>
#include <fmt/format.h>

#include "engine/contract.hpp"
#include "live/net/url.hpp"
#include "policies/document.hpp"

namespace volary::live {
namespace {

using Clock = std::chrono::steady_clock;

void start_libcurl_once() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  expects(started == CURLE_OK, "libcurl starts");
}

/// curl_easy_setopt takes anything and only rarely refuses; a refusal here is a mistake of ours.
template <class T>
void set(CURL* easy, CURLoption option, T value) {
  expects(curl_easy_setopt(easy, option, value) == CURLE_OK, "libcurl knows this option");
}

long milliseconds(Duration duration) {
  return static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(duration).count());
}

struct HeaderList {
  curl_slist* first = nullptr;
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() { curl_slist_free_all(first); }
  void add(const std::string& line) {
    curl_slist* longer = curl_slist_append(first, line.c_str());
    expects(longer != nullptr, "memory for a header");
    first = longer;
  }
};

/// What is known of an answer while it comes in.
struct Incoming {
  const Exchange& exchange;
  CURL* easy;
  Answer answer{};
  std::size_t received = 0;
  Clock::time_point heard = Clock::now();
  bool head_complete = false;
  bool too_large = false;
  bool ended_well = false;
  std::exception_ptr thrown{};
};

std::size_t on_header(char* data, std::size_t, std::size_t size, void* user) {
  auto& incoming = *static_cast<Incoming*>(user);
  incoming.heard = Clock::now();
  std::string_view line{data, size};
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {  // a new answer: what a 100 Continue or a proxy said is past
    incoming.answer.headers.clear();
    incoming.head_complete = false;
    return size;
  }
  if (line.empty()) incoming.head_complete = true;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  std::string name{line.substr(0, colon)};
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  constexpr std::size_t most_headers = 200;
  if (incoming.answer.headers.size() < most_headers)
    incoming.answer.headers.emplace_back(std::move(name), std::string{value});
  return size;
}

std::size_t on_data(char* data, std::size_t, std::size_t size, void* user) {
  auto& incoming = *static_cast<Incoming*>(user);
  incoming.heard = Clock::now();
  const Exchange& exchange = incoming.exchange;
  if (exchange.on_body) {
    long status = 0;
    curl_easy_getinfo(incoming.easy, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200) {
      try {  // no exception may cross libcurl
        if (exchange.on_body({data, size})) return size;
        incoming.ended_well = true;
      } catch (...) {
        incoming.thrown = std::current_exception();
      }
      return 0;
    }
  }
  const std::size_t room = exchange.body_limit - incoming.answer.body.size();
  incoming.answer.body.append(data, std::min(size, room));
  if (size <= room) return size;
  (exchange.cut_body ? incoming.answer.cut : incoming.too_large) = true;
  return 0;  // ends the exchange and closes the connection
}

/// A body is handed out once. On a kept connection that the server has closed in the meantime,
/// libcurl sends a request again as if nothing had happened; it has to ask for the body from its
/// start to do so, and is told no once a byte of it went out: it may have been applied (FLT-06).
struct Outgoing {
  std::string_view body;
  std::size_t sent = 0;
};

std::size_t on_read(char* into, std::size_t, std::size_t room, void* user) {
  auto& outgoing = *static_cast<Outgoing*>(user);
  const std::size_t size = outgoing.body.copy(into, room, outgoing.sent);
  outgoing.sent += size;
  return size;
}

int on_seek(void* user, curl_off_t offset, int origin) {
  const auto& outgoing = *static_cast<Outgoing*>(user);
  return offset == 0 && origin == SEEK_SET && outgoing.sent == 0 ? CURL_SEEKFUNC_OK
                                                                 : CURL_SEEKFUNC_FAIL;
}

ExchangeError::Kind kind_of(CURLcode code) {
  using Kind = ExchangeError::Kind;
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return Kind::Timeout;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH: return Kind::Refused;
    case CURLE_URL_MALFORMAT: return Kind::Invalid;
    default: return Kind::Unavailable;
  }
}

void set_blob(CURL* easy, CURLoption option, const std::string& text) {
  curl_blob blob{const_cast<char*>(text.data()), text.size(),
                 CURL_BLOB_COPY};  // NOLINT: C interface
  set(easy, option, &blob);
}

void describe_tls(CURL* easy, const TlsSettings& tls) {
  set(easy, CURLOPT_SSL_VERIFYPEER, tls.verify ? 1L : 0L);
  set(easy, CURLOPT_SSL_VERIFYHOST, tls.verify ? 2L : 0L);
  if (!tls.roots.empty()) {
    set_blob(easy, CURLOPT_CAINFO_BLOB, tls.roots);
    // The folder of system roots would be read beside the blob, and trusted.
    set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  if (!tls.certificate.empty()) set_blob(easy, CURLOPT_SSLCERT_BLOB, tls.certificate.reveal());
  if (!tls.key.empty()) set_blob(easy, CURLOPT_SSLKEY_BLOB, tls.key.reveal());
}

}  // namespace

/// An easy handle does not wake up when it is told to; a multi handle does, and keeps connections.
struct Transport::Line {
  Line() : multi{curl_multi_init()}, easy{curl_easy_init()} {
    expects(multi != nullptr && easy != nullptr, "memory for a connection");
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 4L);
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() {
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
  }
  CURLM* multi;
  CURL* easy;
};

/// What the lines have in common: names that were resolved and TLS sessions to resume. (Connections
/// may not be shared between threads, as libcurl's manual says.)
struct Transport::Share {
  Share() : handle{curl_share_init()} {
    expects(handle != nullptr, "memory for a share");
    curl_share_setopt(handle, CURLSHOPT_USERDATA, this);
    curl_share_setopt(handle, CURLSHOPT_LOCKFUNC, &Share::lock);
    curl_share_setopt(handle, CURLSHOPT_UNLOCKFUNC, &Share::unlock);
    curl_share_setopt(handle, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    curl_share_setopt(handle, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;
  ~Share() {
    idle.clear();
    curl_share_cleanup(handle);
  }
  static void lock(CURL*, curl_lock_data data, curl_lock_access, void* user) {
    static_cast<Share*>(user)->locks.at(data).lock();
  }
  static void unlock(CURL*, curl_lock_data data, void* user) {
    static_cast<Share*>(user)->locks.at(data).unlock();
  }

  CURLSH* handle;
  std::array<std::mutex, CURL_LOCK_DATA_LAST> locks;
  std::mutex idle_lock;
  std::vector<std::unique_ptr<Line>> idle;  ///< the one used last is used first: it is warm
};

Transport::Transport(std::stop_token stop) : stop_{std::move(stop)} {
  start_libcurl_once();
  share_ = std::make_unique<Share>();
}

Transport::~Transport() = default;

std::unique_ptr<Transport::Line> Transport::borrow() {
  const std::lock_guard lock{share_->idle_lock};
  if (share_->idle.empty()) return std::make_unique<Line>();
  std::unique_ptr<Line> line = std::move(share_->idle.back());
  share_->idle.pop_back();
  return line;
}

void Transport::give_back(std::unique_ptr<Line> line) {
  constexpr std::size_t most_idle = 32;
  curl_easy_reset(line->easy);  // forgets secrets, keeps connections
  const std::lock_guard lock{share_->idle_lock};
  if (share_->idle.size() < most_idle) share_->idle.push_back(std::move(line));
}

tl::expected<Answer, ExchangeError> Transport::exchange(const Exchange& exchange) {
  using Kind = ExchangeError::Kind;
  const auto failed = [](Kind kind, std::string message) {
    return tl::unexpected<ExchangeError>(ExchangeError{kind, std::move(message)});
  };
  const std::optional<Url> url = parse_url(exchange.url);
  if (!url) return failed(Kind::Invalid, "not an http or https URL");
  if (stop_.stop_requested()) return failed(Kind::Stopped, "interrupted");

  std::unique_ptr<Line> line = borrow();
  CURL* easy = line->easy;
  Incoming incoming{.exchange = exchange, .easy = easy};
  Outgoing outgoing{.body = exchange.body};
  std::array<char, CURL_ERROR_SIZE> reason{};
  static const TlsSettings system_roots;
  const TlsSettings& tls = exchange.tls ? *exchange.tls : system_roots;

  set(easy, CURLOPT_SHARE, share_->handle);
  set(easy, CURLOPT_ERRORBUFFER, reason.data());
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);  // INV-42: whoever follows decides where to
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(easy, CURLOPT_TCP_KEEPALIVE, 1L);  // FLT-27
  set(easy, CURLOPT_TCP_KEEPIDLE, 30L);
  set(easy, CURLOPT_TCP_KEEPINTVL, 10L);
  set(easy, CURLOPT_MAXAGE_CONN, 90L);
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(exchange.connect_limit));
  set(easy, CURLOPT_TIMEOUT_MS, milliseconds(exchange.total_limit));
  set(easy, CURLOPT_HEADERFUNCTION, &on_header);
  set(easy, CURLOPT_HEADERDATA, &incoming);
  set(easy, CURLOPT_WRITEFUNCTION, &on_data);
  set(easy, CURLOPT_WRITEDATA, &incoming);
  if (exchange.compressed) set(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  describe_tls(easy, tls);

  HeaderList headers;
  HeaderList connect_to;
  std::string address = exchange.url;
  if (!tls.server_name.empty() && url->scheme == "https") {
    // The name is what is asked for and verified, the host where it is asked; Host: stays the host.
    const std::string host =
        url->host.find(':') == std::string::npos ? url->host : "[" + url->host + "]";
    connect_to.add(fmt::format("{}:{}:{}:{}", tls.server_name, url->port, host, url->port));
    const std::size_t path = exchange.url.find('/', exchange.url.find("://") + 3);
    address = fmt::format("https://{}:{}{}", tls.server_name, url->port,
                          path == std::string::npos ? "/" : exchange.url.substr(path));
    set(easy, CURLOPT_CONNECT_TO, connect_to.first);
    headers.add(fmt::format("Host: {}:{}", host, url->port));
  }
  set(easy, CURLOPT_PATH_AS_IS, 1L);
  set(easy, CURLOPT_URL, address.c_str());
  if (!exchange.proxy.empty())
    set(easy, CURLOPT_PROXY, exchange.proxy.c_str());
  else if (url->loopback())
    set(easy, CURLOPT_PROXY, "");  // whatever the environment says

  for (const auto& [name, value] : exchange.headers) {
    const std::string& text = value.reveal();
    if (text.find_first_of("\r\n") != std::string::npos ||
        name.find_first_of("\r\n:") != std::string::npos)
      return failed(Kind::Invalid, fmt::format("header {} has a line break", printable(name)));
    headers.add(text.empty() ? name + ";" : name + ": " + text);
  }
  headers.add("Expect:");  // no round trip to ask whether a body is welcome
  set(easy, CURLOPT_HTTPHEADER, headers.first);
  if (exchange.has_body) {
    set(easy, CURLOPT_UPLOAD, 1L);
    set(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(exchange.body.size()));
    set(easy, CURLOPT_READFUNCTION, &on_read);
    set(easy, CURLOPT_READDATA, &outgoing);
    set(easy, CURLOPT_SEEKFUNCTION, &on_seek);
    set(easy, CURLOPT_SEEKDATA, &outgoing);
    if (exchange.body.empty()) set(easy, CURLOPT_FRESH_CONNECT, 1L);  // nothing to be told no about
  }
  set(easy, CURLOPT_CUSTOMREQUEST, exchange.method.c_str());

  CURLcode code = CURLE_OK;
  std::optional<ExchangeError> ended;
  {
    CURLM* multi = line->multi;
    const std::stop_callback wake{stop_, [multi] { curl_multi_wakeup(multi); }};
    expects(curl_multi_add_handle(multi, easy) == CURLM_OK, "a free line");
    for (bool done = false; !done && !ended;) {
      int running = 0;
      if (const CURLMcode broken = curl_multi_perform(multi, &running); broken != CURLM_OK) {
        ended = ExchangeError{Kind::Unavailable, curl_multi_strerror(broken)};
        break;
      }
      int left = 0;
      while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        code = message->data.result;
        done = true;
      }
      if (done) break;
      Duration wait = std::chrono::seconds{1};
      if (exchange.silence_limit > Duration{}) {
        const Duration left_of_silence =
            exchange.silence_limit -
            std::chrono::duration_cast<Duration>(Clock::now() - incoming.heard);
        if (left_of_silence <= Duration{})
          ended = ExchangeError{Kind::Silence, fmt::format("nothing was heard for {}",
                                                           spoken(exchange.silence_limit))};
        wait = std::clamp(left_of_silence, Duration{std::chrono::milliseconds{1}}, wait);
      }
      if (stop_.stop_requested()) ended = ExchangeError{Kind::Stopped, "interrupted"};
      if (!ended) curl_multi_poll(multi, nullptr, 0, static_cast<int>(milliseconds(wait)), nullptr);
    }
    curl_multi_remove_handle(multi, easy);
  }

  if (incoming.thrown) std::rethrow_exception(incoming.thrown);
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  curl_off_t retry_after = 0;
  curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
  constexpr curl_off_t longest_retry_after = 3600;
  incoming.answer.status = static_cast<int>(status);
  long version = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
  incoming.answer.http2 = version == CURL_HTTP_VERSION_2_0;
  incoming.answer.retry_after =
      std::chrono::seconds{std::clamp<curl_off_t>(retry_after, 0, longest_retry_after)};

  if (ended) return tl::unexpected<ExchangeError>(std::move(*ended));
  if (incoming.too_large)
    return failed(Kind::TooLarge,
                  fmt::format("response too large: more than {} KiB", exchange.body_limit / 1024));
  // A server that refuses a body in its middle (413) has said why, even if not to the end.
  const bool refused_early =
      status >= 400 && incoming.head_complete &&
      (code == CURLE_PARTIAL_FILE || code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR ||
       code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM);
  if (code != CURLE_OK && !incoming.ended_well && !incoming.answer.cut && !refused_early) {
    if (code == CURLE_OPERATION_TIMEDOUT) {
      curl_off_t connected = 0;
      curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
      return failed(Kind::Timeout,
                    connected > 0
                        ? fmt::format("no answer within {}", spoken(exchange.total_limit))
                        : fmt::format("no connection within {}", spoken(exchange.connect_limit)));
    }
    if (code == CURLE_SEND_FAIL_REWIND)
      return failed(Kind::Unavailable, "the connection broke after the request was sent");
    const char* said = reason.front() ? reason.data() : curl_easy_strerror(code);
    return failed(kind_of(code), printable(said, 200));
  }
  // libcurl takes a connection that closed in the middle of the headers for an answer without a
  // body.
  if (code == CURLE_OK && !incoming.head_complete)
    return failed(Kind::Unavailable, "the connection closed in the middle of an answer");
  if (code == CURLE_OK) give_back(std::move(line));  // FLT-07: a line that broke is not used again
  return std::move(incoming.answer);
}

}  // namespace volary::live
