#include "live/net/credentials.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <mutex>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "live/kube_objects.hpp"
#include "live/net/base64.hpp"
#include "policies/document.hpp"

namespace volary::live {
namespace {

using nlohmann::json;
using Wall = std::chrono::system_clock;
using Steady = std::chrono::steady_clock;

class Fixed : public Credentials {
 public:
  explicit Fixed(Presented presented) : presented_{std::move(presented)} {}
  Result<Presented> present(const std::stop_token&) override { return presented_; }

 private:
  Presented presented_;
};

class TokenFile : public Credentials {
 public:
  TokenFile(std::string path, Presented beside)
      : path_{std::move(path)}, presented_{std::move(beside)} {}

  Result<Presented> present(const std::stop_token&) override {
    const std::lock_guard lock{mutex_};
    const auto now = Steady::now();
    if (!read_ || now - *read_ > std::chrono::minutes{1}) {
      constexpr std::size_t longest_token = std::size_t{1} << 20;
      Result<std::string> text = read_file_or_stdin(path_, longest_token);
      const std::string token = text ? trimmed(*text) : std::string{};
      // While it is being replaced it may be missing for a moment; the old token is good a while.
      if (!token.empty())
        presented_.authorization = bearer(Secret{token});
      else if (presented_.authorization.empty())
        return text ? Result<Presented>{fail(ErrorKind::Unavailable, "{}: the token file is empty",
                                             path_)}
                    : Result<Presented>{tl::unexpected<Error>(text.error())};
      read_ = now;
    }
    return presented_;
  }
  void refused(const Presented& presented) override {
    const std::lock_guard lock{mutex_};
    if (presented.authorization.same_as(presented_.authorization)) read_.reset();
  }
  [[nodiscard]] bool renewable() const override { return true; }

 private:
  static std::string trimmed(const std::string& text) {
    const auto is_space = [](unsigned char c) { return std::isspace(c) != 0; };
    const auto first = std::find_if_not(text.begin(), text.end(), is_space);
    const auto last = std::find_if_not(text.rbegin(), text.rend(), is_space).base();
    return first < last ? std::string{first, last} : std::string{};
  }

  std::mutex mutex_;
  std::string path_;
  Presented presented_;
  std::optional<Steady::time_point> read_;
};

class Exec : public Credentials {
 public:
  Exec(ExecPlugin plugin, Presented beside)
      : plugin_{std::move(plugin)}, beside_{std::move(beside)} {}

  Result<Presented> present(const std::stop_token& stop) override {
    const std::lock_guard lock{mutex_};  // others wait: one run serves all
    const auto now = std::chrono::floor<std::chrono::seconds>(Wall::now());  // both in seconds
    if (!given_ || (expires_ && now >= *expires_)) {
      given_.reset();
      Result<Presented> fresh = run(stop);
      if (!fresh) return fresh;
      given_ = std::move(*fresh);
    }
    return *given_;
  }
  void refused(const Presented& presented) override {
    const std::lock_guard lock{mutex_};
    if (given_ && presented.authorization.same_as(given_->authorization) &&
        presented.certificate.same_as(given_->certificate))
      given_.reset();
  }
  [[nodiscard]] bool renewable() const override { return true; }

 private:
  [[nodiscard]] Result<Presented> run(const std::stop_token& stop) {
    Result<Secret> output = output_of(plugin_.program, stop);
    if (!output) {
      Error error = output.error();
      error.where = "credential plugin";
      error.hint = error.kind == ErrorKind::NotFound && !plugin_.install_hint.empty()
                       ? printable(plugin_.install_hint, 500)
                       : "run " + plugin_.program.command + " by hand to see what it says";
      return tl::unexpected<Error>(std::move(error));
    }
    // Nothing of the output may get into a message.
    const json credential = json::parse(output->reveal(), nullptr, false);
    const auto wrong = [&](const std::string& what) {
      return tl::unexpected<Error>(
          Error{.kind = ErrorKind::Unavailable,
                .message = plugin_.program.command + " " + what,
                .where = "credential plugin",
                .hint = "it has to print an ExecCredential of " + plugin_.api_version});
    };
    if (!credential.is_object() || text_at(credential, {"kind"}) != "ExecCredential")
      return wrong("printed no ExecCredential");
    if (text_at(credential, {"apiVersion"}) != plugin_.api_version)
      return wrong("answered in another version than " + plugin_.api_version);
    Presented given = beside_;
    const std::string token = text_at(credential, {"status", "token"});
    const std::string certificate = text_at(credential, {"status", "clientCertificateData"});
    const std::string key = text_at(credential, {"status", "clientKeyData"});
    if (token.empty() && certificate.empty())
      return wrong("gave neither a token nor a certificate");
    if (certificate.empty() != key.empty())
      return wrong("gave a certificate without its key, or a key alone");
    if (!token.empty()) given.authorization = bearer(Secret{token});
    if (!certificate.empty()) {
      given.certificate = Secret{certificate};
      given.key = Secret{key};
    }
    expires_.reset();
    if (const std::string until = text_at(credential, {"status", "expirationTimestamp"});
        !until.empty()) {
      expires_ = rfc3339_time(until);
      if (!expires_) return wrong("gave an expirationTimestamp that is no time");
    }
    return given;
  }

  std::mutex mutex_;
  ExecPlugin plugin_;
  Presented beside_;
  std::optional<Presented> given_;
  std::optional<std::chrono::sys_seconds> expires_;
};

}  // namespace

std::shared_ptr<Credentials> no_credentials() { return fixed_credentials({}); }

std::shared_ptr<Credentials> fixed_credentials(Presented presented) {
  return std::make_shared<Fixed>(std::move(presented));
}

std::shared_ptr<Credentials> token_file(std::string path, Presented beside) {
  return std::make_shared<TokenFile>(std::move(path), std::move(beside));
}

std::shared_ptr<Credentials> exec_credentials(ExecPlugin plugin, Presented beside) {
  return std::make_shared<Exec>(std::move(plugin), std::move(beside));
}

Secret bearer(const Secret& token) { return Secret{"Bearer " + token.reveal()}; }

Secret basic(const std::string& user, const Secret& password) {
  return Secret{"Basic " + to_base64(user + ":" + password.reveal())};
}

std::optional<std::chrono::sys_seconds> rfc3339_time(const std::string& text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, read = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2d%*1[Tt]%2d:%2d:%2d%n", &year, &month, &day, &hour,
                  &minute, &second, &read) != 6 ||
      read != 19)
    return std::nullopt;
  std::size_t at = 19;
  if (at < text.size() && text[at] == '.') {
    const std::size_t digits = ++at;
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at]))) ++at;
    if (at == digits) return std::nullopt;
  }
  std::chrono::minutes offset{};
  const std::string zone = text.substr(at);
  if (zone != "Z" && zone != "z") {
    int hours = 0, minutes = 0;
    char sign = 0;
    if (zone.size() != 6 || std::sscanf(zone.c_str(), "%c%2d:%2d", &sign, &hours, &minutes) != 3 ||
        (sign != '+' && sign != '-'))
      return std::nullopt;
    offset = std::chrono::minutes{(sign == '+' ? 1 : -1) * (hours * 60 + minutes)};
  }
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
    return std::nullopt;
  return std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
         std::chrono::seconds{second} - offset;
}

}  // namespace volary::live
