#include "live/metrics/google_token.hpp"

#include <memory>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "live/base64.hpp"
#include "live/kube_objects.hpp"
#include "live/metrics/parts.hpp"
#include "live/retry.hpp"

namespace volary::live {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr const char* scope = "https://www.googleapis.com/auth/monitoring.read";
constexpr const char* metadata_url =
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token";

/// RFC 4648 §5, without padding.
std::string base64url(std::string_view bytes) {
  std::string text = to_base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

/// RSASSA-PKCS1-v1_5 with SHA-256; nothing for a key that is none.
std::optional<std::string> rs256(const std::string& pem, std::string_view text) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> source{
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free};
  if (!source) return std::nullopt;
  // Without this callback OpenSSL would ask the terminal for the password of an encrypted key.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
      PEM_read_bio_PrivateKey(source.get(), nullptr, no_password, nullptr), &EVP_PKEY_free};
  if (!key || EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA) return std::nullopt;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free};
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1)
    return std::nullopt;
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     bytes, text.size()) != 1)
    return std::nullopt;
  signature.resize(size);
  return signature;
}

Result<std::string> token_in(const MetricQuestion& question, const Result<HttpResponse>& answer) {
  if (!answer) return tl::unexpected(without_secrets(question, answer.error()));
  if (auto good = accepted(question, *answer); !good) return tl::unexpected(good.error());
  const auto body = json_of(*answer);
  if (!body) return tl::unexpected(body.error());
  std::string token = text_at(*body, {"access_token"});
  if (token.empty()) return unexpected_shape("an access token");
  return token;
}

}  // namespace

Result<GoogleClaim> google_claim(const std::string& service_account_key, Instant now) {
  const json key = json::parse(service_account_key, nullptr, false);
  const std::string email = text_at(key, {"client_email"}), pem = text_at(key, {"private_key"});
  if (text_at(key, {"type"}) != "service_account" || email.empty() || pem.empty())
    return fail(ErrorKind::Invalid, "the Google credentials are no service account key");
  GoogleClaim claim{.token_uri = text_at(key, {"token_uri"}), .jwt = {}};
  if (claim.token_uri.empty()) claim.token_uri = "https://oauth2.googleapis.com/token";
  if (!is_http_url(claim.token_uri))
    return fail(ErrorKind::Invalid, "the token_uri of the service account key is no URL");
  json head{{"alg", "RS256"}, {"typ", "JWT"}};
  if (const std::string id = text_at(key, {"private_key_id"}); !id.empty()) head["kid"] = id;
  const json body{{"iss", email},
                  {"scope", scope},
                  {"aud", claim.token_uri},
                  {"iat", unix_seconds(now)},
                  {"exp", unix_seconds(now) + 3600}};
  const auto text = [](const json& value) {
    return base64url(value.dump(-1, ' ', false, json::error_handler_t::replace));
  };
  claim.jwt = text(head) + "." + text(body);
  const auto signature = rs256(pem, claim.jwt);
  if (!signature)
    return fail(ErrorKind::Invalid, "the private key of the service account is no RSA key");
  claim.jwt += "." + base64url(*signature);
  return claim;
}

Result<std::string> google_access_token(const MetricQuestion& question,
                                        const std::string& service_account_key,
                                        const MetricDoors& doors) {
  std::string key = service_account_key;
  if (key.empty()) {
    const std::string file =
        doors.environment ? doors.environment("GOOGLE_APPLICATION_CREDENTIALS") : std::string{};
    if (!file.empty()) {
      if (!doors.read_file) return fail(ErrorKind::Invalid, "no Google key can be read here");
      const auto text = doors.read_file(file);
      if (!text) return tl::unexpected(text.error());
      key = *text;
    }
  }
  if (key.empty())
    return token_in(question, doors.http.send({.url = metadata_url,
                                               .headers = {{"Metadata-Flavor", "Google"}},
                                               .body = {},
                                               .timeout = 5s,
                                               .proxy = {},
                                               .redirects = 0}))
        .map_error(in("Google's metadata server"));
  const auto claim = google_claim(key, question.now);
  if (!claim) return tl::unexpected(claim.error());
  MetricQuestion with_claim = question;
  with_claim.secret["claim"] = claim->jwt;
  return token_in(
             with_claim,
             doors.http.send({.method = HttpRequest::Method::Post,
                              .url = claim->token_uri,
                              .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                              .body = query_text(
                                  {{"assertion", claim->jwt},
                                   {"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"}}),
                              .timeout = 5s,
                              .proxy = {},
                              .redirects = 0}))
      .map_error(in("Google's token endpoint"));
}

}  // namespace volary::live
