#include <algorithm>

#include <fmt/format.h>

#include "live/kube_objects.hpp"
#include "live/metrics/aws_signature.hpp"
#include "live/metrics/parts.hpp"

/// Amazon CloudWatch, by its JSON 1.0 protocol. Source: PRV-20 … PRV-23, MT-22.
///
/// Of the default credential chain, keys in the environment and web identity (service accounts on
/// EKS) are looked for. Shared files, container and instance metadata are not.
namespace volary::live {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr int intervals = 10;
constexpr int most_points = 20;  // PRV-21

// How fetched keys travel in the question, among its other secrets.
constexpr const char* key_id = "AWS_ACCESS_KEY_ID";
constexpr const char* key_secret = "AWS_SECRET_ACCESS_KEY";
constexpr const char* key_session = "AWS_SESSION_TOKEN";

/// The region becomes a part of a host name: nothing else may come of it.
Result<std::string> region_of(const MetricQuestion& question) {
  const std::string& region = question.region;
  const bool good = !region.empty() && region.size() < 64 &&
                    std::all_of(region.begin(), region.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                    });
  if (!good) return fail(ErrorKind::Invalid, "cloudwatch needs a region such as eu-west-1");
  return region;
}

std::string host_of(const std::string& service, const std::string& region) {
  return service + "." + region +
         (region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com");
}

/// The text of an XML element without children.
std::string element(std::string_view xml, const std::string& name) {
  const std::string open = "<" + name + ">", close = "</" + name + ">";
  const auto from = xml.find(open);
  if (from == std::string_view::npos) return {};
  const auto to = xml.find(close, from);
  if (to == std::string_view::npos) return {};
  return std::string{xml.substr(from + open.size(), to - from - open.size())};
}

/// Keys for the service account of the pod. Source: STS, AssumeRoleWithWebIdentity.
Result<MetricQuestion> with_web_identity(MetricQuestion question, const MetricDoors& doors,
                                         const std::string& role, const std::string& file) {
  const auto region = region_of(question);
  if (!region) return tl::unexpected(region.error());
  if (!doors.read_file) return fail(ErrorKind::Invalid, "no web identity token can be read here");
  const auto token = doors.read_file(file);
  if (!token) return tl::unexpected(token.error());
  question.secret["web identity"] = *token;
  std::string text = *token;
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.pop_back();
  const auto answer =
      doors.http.send({.method = HttpRequest::Method::Post,
                       .url = "https://" + host_of("sts", *region) + "/",
                       .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                       .body = query_text({{"Action", "AssumeRoleWithWebIdentity"},
                                           {"RoleArn", role},
                                           {"RoleSessionName", "volary"},
                                           {"Version", "2011-06-15"},
                                           {"WebIdentityToken", text}}),
                       .timeout = 5s,
                       .redirects = 0});
  if (!answer) return tl::unexpected(without_secrets(question, answer.error()));
  if (auto good = accepted(question, *answer); !good)
    return tl::unexpected(in("web identity")(good.error()));
  question.secret[key_id] = element(answer->body, "AccessKeyId");
  question.secret[key_secret] = element(answer->body, "SecretAccessKey");
  question.secret[key_session] = element(answer->body, "SessionToken");
  if (question.secret[key_id].empty() || question.secret[key_secret].empty())
    return unexpected_shape("what STS says to a web identity");
  return question;
}

class CloudWatch final : public HttpProvider {
 public:
  Result<HttpRequest> request(const MetricQuestion& question) const override {
    const auto range = range_of(question, intervals);
    if (!range) return tl::unexpected(range.error());
    const json queries =
        json_of({.status = 200, .headers = {}, .body = question.query, .retry_after = {}})
            .value_or(json{});
    if (!queries.is_array())
      return fail(ErrorKind::Invalid, "the query is no JSON array of metric data queries");
    return signed_request(question, {{"MetricDataQueries", queries},
                                     {"StartTime", unix_seconds(question.now - *range)},
                                     {"EndTime", unix_seconds(question.now)},
                                     {"MaxDatapoints", most_points}});
  }

  Result<Measurement> read(const MetricQuestion& question,
                           const HttpResponse& response) const override {
    if (auto good = accepted(question, response); !good) return tl::unexpected(good.error());
    const auto body = json_of(response);
    if (!body) return tl::unexpected(body.error());
    if (!body->is_object()) return unexpected_shape("a JSON object");
    for (const char* note : {"Messages", "NextToken"})  // FLT-88
      if (auto good = whole(question, at(*body, {note})); !good)
        return tl::unexpected(good.error());
    const json& results = at(*body, {"MetricDataResults"});
    if (results.is_null()) return no_values();
    if (!results.is_array()) return unexpected_shape("a list of results");
    if (results.size() > most_series)
      return fail(ErrorKind::Invalid, "the query answers more than {} series", most_series);
    if (results.empty()) return no_values();
    const json& first = results.front();
    const std::string status = text_at(first, {"StatusCode"});
    if (question.strict() && !status.empty() && status != "Complete")
      return fail(ErrorKind::Invalid, "the answer is not whole: {}", shown(question, status));
    const json& values = at(first, {"Values"});
    if (values.is_null()) return no_values();
    if (!values.is_array()) return unexpected_shape("a list of values");
    if (values.empty()) return no_values();
    const auto value = number_of(values.front());  // PRV-22
    if (!value) return unexpected_shape("a list of numbers");
    const json& times = at(first, {"Timestamps"});
    const auto time =
        times.is_array() && times.size() == values.size() ? number_of(times.front()) : std::nullopt;
    if (!time && question.strict()) return unexpected_shape("a list of values with their times");
    return Measurement{.value = *value,
                       .series = static_cast<int>(results.size()),
                       .newest = from_unix_seconds(time.value_or(0)),
                       .window = range_of(question, intervals).value_or(Duration{}),
                       .samples = std::nullopt};
  }

  Result<HttpRequest> online_request(const MetricQuestion& question) const override {
    return signed_request(question, {{"MetricDataQueries", json::array()},
                                     {"StartTime", 0},
                                     {"EndTime", 0},
                                     {"MaxDatapoints", most_points}});
  }

  /// PRV-23: refused with 400 is online, but for this protocol refused credentials are a 400 too.
  Result<void> read_online(const MetricQuestion& question,
                           const HttpResponse& response) const override {
    if (response.status == 400) {
      const auto body = json_of(response);
      const std::string type = body ? text_at(*body, {"__type"}) : std::string{};
      const std::string_view name = std::string_view{type}.substr(
          type.find('#') == std::string::npos ? 0 : type.find('#') + 1);
      for (const std::string_view about_us :
           {"UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException",
            "IncompleteSignatureException", "IncompleteSignature", "MissingAuthenticationToken",
            "MissingAuthenticationTokenException", "AccessDeniedException", "AccessDenied",
            "InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken",
            "NotAuthorizedException", "OptInRequired"})
        if (name == about_us) return accepted(question, response);
      return {};
    }
    return accepted(question, response);
  }

 private:
  Result<MetricQuestion> authorized(MetricQuestion question,
                                    const MetricDoors& doors) const override {
    question.secret.clear();  // MT-22: a secretRef is not used
    const auto variable = [&](const char* name) {
      return doors.environment ? doors.environment(name) : std::string{};
    };
    if (!variable(key_id).empty() && !variable(key_secret).empty()) {
      for (const char* name : {key_id, key_secret, key_session})
        question.secret[name] = variable(name);
      return question;
    }
    const std::string role = variable("AWS_ROLE_ARN"),
                      file = variable("AWS_WEB_IDENTITY_TOKEN_FILE");
    if (!role.empty() && !file.empty())
      return with_web_identity(std::move(question), doors, role, file);
    return fail(ErrorKind::Invalid,
                "no AWS credentials: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY nor "
                "AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE are set (instance and container "
                "metadata are not asked)");
  }
  [[nodiscard]] int repetitions() const override { return 3; }  // PRV-21

  static Result<HttpRequest> signed_request(const MetricQuestion& question, const json& body) {
    const auto region = region_of(question);
    if (!region) return tl::unexpected(region.error());
    const auto key = [&](const char* name) {
      const auto found = question.secret.find(name);
      return found == question.secret.end() ? std::string{} : found->second;
    };
    const AwsRequest asked{
        .method = "POST",
        .host = host_of("monitoring", *region),
        .headers = {{"content-type", "application/x-amz-json-1.0"},
                    {"x-amz-target", "GraniteServiceVersion20100801.GetMetricData"}},
        .body = body.dump(-1, ' ', false, json::error_handler_t::replace)};
    HttpRequest request{.method = HttpRequest::Method::Post,
                        .url = "https://" + asked.host + asked.path,
                        .headers = {{"Content-Type", asked.headers.at("content-type")},
                                    {"X-Amz-Target", asked.headers.at("x-amz-target")}},
                        .body = asked.body,
                        .timeout = 5s,
                        .proxy = {},
                        .redirects = 0};  // a signature is for one host
    for (const auto& [name, value] :
         aws_signature(asked, {key(key_id), key(key_secret), key(key_session)}, *region,
                       "monitoring", question.now))
      request.headers.emplace_back(name, value);
    return request;
  }
};

}  // namespace

const HttpProvider& cloudwatch_provider() {
  static const CloudWatch provider;
  return provider;
}

}  // namespace volary::live
