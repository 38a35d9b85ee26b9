#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "engine/query_template.hpp"
#include "live/base64.hpp"
#include "live/kube_objects.hpp"
#include "live/metrics/parts.hpp"
#include "policies/promql/promql.hpp"

/// Prometheus, and what speaks its API. Source: PRV-01 … PRV-09; FLT-82 … FLT-90.
namespace volary::live {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr Duration patience = 5s;  // PRV-02

/// "x-scope-orgid" → "X-Scope-Orgid" (PRV-04).
std::string canonical(std::string name) {
  bool first = true;
  for (char& c : name) {
    if (first && c >= 'a' && c <= 'z')
      c = static_cast<char>(c - 32);
    else if (!first && c >= 'A' && c <= 'Z')
      c = static_cast<char>(c + 32);
    first = c == '-';
  }
  return name;
}

/// PRV-03: the Authorization of the Secret; nothing without one.
Result<std::optional<std::string>> authorization(const MetricQuestion& question) {
  if (!question.has_secret) return std::nullopt;
  if (const auto token = secret_key(question, "token")) return "Bearer " + *token;
  const auto user = secret_key(question, "username");
  const auto password = secret_key(question, "password");
  if (!user || !password)
    return fail(ErrorKind::Invalid,
                "the Secret has neither a key token nor both username and password");
  return "Basic " + to_base64(*user + ":" + *password);
}

/// One element of a vector, read.
struct Element {
  double value = 0;
  Instant time{};
};

/// FLT-86. Errors: Invalid.
Result<Element> element_of(const json& element, Compat compat) {
  if (!element.is_object()) return unexpected_shape("a vector of series");
  if (element.contains("values"))
    return fail(ErrorKind::Invalid, "the query answers multiple values for one series (a range)");
  if (element.contains("histogram"))
    return fail(ErrorKind::Invalid, "the query answers a histogram where a number is wanted");
  const json& value = at(element, {"value"});
  if (!value.is_array() || value.size() != 2)
    return unexpected_shape("a vector of pairs of a time and a value");
  const auto time = number_of(value[0]);
  if (!time || !value[1].is_string())
    return unexpected_shape("a vector of pairs of a time and a value");
  const auto& text = value[1].get_ref<const std::string&>();
  const auto number = number_in(text, compat);
  if (!number)
    return fail(ErrorKind::Invalid, "the value '{}' is not a number", text.substr(0, 40));
  return Element{*number, from_unix_seconds(*time)};
}

/// PRV-06, as INV-12 wants it: one series, and everything about it is as it should be.
Result<Element> one_element(const json& result) {
  if (result.size() > 1)
    return fail(ErrorKind::Invalid, "the query answers {} series where one is wanted",
                result.size());
  return element_of(result.front(), Compat::Strict);
}

/// PRV-06 as the reference has it: the last text wins, whatever else stands there.
Result<Element> last_element(const json& result) {
  Element last{.value = NAN};
  for (const json& element : result) {
    if (at(element, {"values"}).is_array() && !at(element, {"values"}).empty())
      return fail(ErrorKind::Invalid, "the query answers multiple values for one series (a range)");
    const json& value = at(element, {"value"});
    if (!value.is_array() || value.size() < 2 || !value[1].is_string()) continue;
    const auto& text = value[1].get_ref<const std::string&>();
    const auto number = number_in(text, Compat::Flagger);
    if (!number)
      return fail(ErrorKind::Invalid, "the value '{}' is not a number", text.substr(0, 40));
    last = {*number, from_unix_seconds(number_of(value[0]).value_or(0))};
  }
  return last;
}

class Prometheus final : public HttpProvider {
 public:
  Result<HttpRequest> request(const MetricQuestion& question) const override {
    auto url = joined_url(question.address, "api/v1/query");
    if (!url) return tl::unexpected(url.error());
    const auto credentials = authorization(question);
    if (!credentials) return tl::unexpected(credentials.error());
    HttpRequest request{.url = *url + "?query=" + form_encoded(collapse_space(question.query)),
                        .headers = {},
                        .body = {},
                        .timeout = patience,
                        .verify_peer = question.verify_peer,
                        .proxy = {}};
    for (const auto& [written, values] : question.headers) {
      const std::string name = canonical(written);
      if (name == "Host") continue;  // it is the address that says who is asked
      // the reference lets both stand, one more with each evaluation; of those that pile up,
      // `flagger` mode sends what its first evaluation does.
      const bool replaced = name == "Authorization" && credentials->has_value() &&
                            (question.strict() || credentials->value().starts_with("Basic "));
      if (replaced) continue;
      for (const std::string& value : values) request.headers.emplace_back(name, value);
    }
    if (*credentials) request.headers.emplace_back("Authorization", **credentials);
    return request;
  }

  Result<Measurement> read(const MetricQuestion& question,
                           const HttpResponse& response) const override {
    if (auto good = accepted(question, response, true); !good)  // PRV-05
      return tl::unexpected(good.error());
    const auto body = json_of(response);
    if (!body) return tl::unexpected(body.error());
    if (!body->is_object()) return unexpected_shape("a JSON object");
    if (question.strict()) {
      if (const std::string status = text_at(*body, {"status"}); status != "success")  // FLT-88
        return fail(ErrorKind::Invalid, "the metric server answered {}: {}",
                    status.empty() ? "without a status" : shown(question, status),
                    shown(question, text_at(*body, {"error"})));
      for (const char* note : {"warnings", "isPartial"})
        if (auto good = whole(question, at(*body, {note})); !good)
          return tl::unexpected(good.error());
      if (const std::string type = text_at(*body, {"data", "resultType"}); type != "vector")
        return fail(ErrorKind::Invalid,
                    "the query answers a {}, which is not supported (PRV-06): a vector is wanted",
                    type.empty() ? "nameless thing" : shown(question, type));
    }
    const json& result = at(*body, {"data", "result"});
    if (!result.is_array() && !(result.is_null() && !question.strict()))
      return unexpected_shape("a vector");
    if (result.size() > most_series)
      return fail(ErrorKind::Invalid, "the query answers more than {} series", most_series);
    if (result.empty()) return no_values();  // PRV-07
    const auto element = question.strict() ? one_element(result) : last_element(result);
    if (!element) return tl::unexpected(without_secrets(question, element.error()));
    if (std::isnan(element->value)) return no_values();  // PRV-07
    return Measurement{.value = element->value,
                       .series = static_cast<int>(result.size()),
                       .newest = element->time,
                       .window = window_of(question),
                       .samples = std::nullopt};
  }

  Result<HttpRequest> online_request(const MetricQuestion& question) const override {
    MetricQuestion test = question;
    test.query = "vector(1)";
    return request(test);
  }

  Result<void> read_online(const MetricQuestion& question,
                           const HttpResponse& response) const override {  // PRV-09
    const auto answer = read(question, response);
    if (!answer) return tl::unexpected(answer.error());
    if (answer->value != 1)
      return fail(ErrorKind::Invalid, "the metric server answers {} to vector(1)", answer->value);
    return {};
  }

 private:
  /// The query says it; where our reader of PromQL does not know its words, the interval does.
  static Duration window_of(const MetricQuestion& question) {
    if (const auto expression = promql::parse(question.query)) return expression->longest_range();
    return go_parse_duration(question.interval).value_or(Duration{});
  }
};

}  // namespace

const HttpProvider& prometheus_provider() {
  static const Prometheus provider;
  return provider;
}

}  // namespace volary::live
