#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "live/base64.hpp"
#include "live/metrics/cluster_metrics.hpp"
#include "tests/live/fake_api.hpp"
#include "tests/live/scripted_http.hpp"

/// ClusterMetrics with a scripted server, and a Secret whose every value is a canary: it must never
/// be seen in a message.
namespace volary::live::world {

using namespace std::chrono_literals;

inline const ObjectPath credentials{{"", "v1", "secrets"}, "test", "credentials"};
inline const Instant noon{1'700'000'000s};  // 2023-11-14T22:13:20Z

struct MetricWorld {
  struct Clock : volary::Clock {
    Instant time = noon;
    [[nodiscard]] Instant now() const override { return time; }
  };
  struct Letters : Entropy {
    std::string letters(int count) override {
      return std::string(static_cast<std::size_t>(count), 'x');
    }
  };

  ScriptedHttp http;
  FakeApi api;
  Clock clock;
  Letters entropy;
  Compat compat = Compat::Strict;
  std::vector<Duration> waited;
  std::map<std::string, std::string> environment, files;
  std::function<KubeResult<std::string>(const std::string&)> api_text;
  MetricTemplate metric{.name = {"test", "rate"},
                        .provider_type = {},
                        .address = {},
                        .headers = {},
                        .secret_ref = {},
                        .region = {},
                        .query = {}};
  std::string interval = "1m";
  std::vector<std::string> canaries;  ///< what no message may hold

  explicit MetricWorld(std::string type, std::string address = {}) {
    metric.provider_type = std::move(type);
    metric.address = std::move(address);
  }

  void secret(const std::map<std::string, std::string>& keys) {
    nlohmann::json data = nlohmann::json::object();
    for (const auto& [key, value] : keys) {
      data[key] = to_base64(value);
      canaries.push_back(value);
    }
    api.put(credentials, {{"metadata", {{"name", "credentials"}}}, {"data", data}});
    metric.secret_ref = "credentials";
  }

  [[nodiscard]] ClusterMetrics source() {
    return ClusterMetrics{
        {.http = http,
         .api = api,
         .entropy = entropy,
         .wait = [this](Duration time) { waited.push_back(time); },
         .api_text = api_text,
         .environment = [this](const std::string& name) { return environment[name]; },
         .read_file = [this](const std::string& path) -> Result<std::string> {
           if (!files.contains(path)) return fail(ErrorKind::NotFound, "no file {}", path);
           return files[path];
         }},
        clock,
        {.compat = compat, .canary_ns = "test"}};
  }
  [[nodiscard]] MetricQuery question(std::string text) const {
    return {.kind = MetricQuery::Kind::Template,
            .metric = "rate",
            .provider_type = metric.provider_type,
            .server = metric.address,
            .text = std::move(text),
            .interval = interval,
            .metric_template = &metric,
            .requests = {}};
  }

  /// No secret in what people see, whatever happened (INV-42).
  template <class T>
  Result<T> clean(Result<T> answer) const {
    if (!answer)
      for (const std::string& secret : canaries)
        CHECK(to_string(answer.error()).find(secret) == std::string::npos);
    return answer;
  }
  Result<Measurement> ask(std::string text = "q") {
    return clean(source().query(question(std::move(text))));
  }
  Result<void> online() { return clean(source().online(question("vector(1)"))); }
  /// One answer of the server to one question.
  Result<Measurement> told(std::string body, int status = 200, std::string text = "q") {
    http.answers = {ScriptedHttp::status(status, std::move(body))};
    return ask(std::move(text));
  }
};

/// The value of a header of the last request; several are joined with " | ".
inline std::string sent(const MetricWorld& world, const std::string& name) {
  std::string all;
  for (const auto& [key, value] : world.http.asked.back().headers)
    if (key == name) all += (all.empty() ? "" : " | ") + value;
  return all;
}

/// A kind of answer: a number, no values, or an error, by the first letter of its kind.
inline std::string verdict(const Result<Measurement>& answer) {
  if (answer) return fmt::format("{}", answer->value);
  switch (answer.error().kind) {
    case ErrorKind::NoData: return "no values";
    case ErrorKind::Unavailable: return "unavailable";
    case ErrorKind::Timeout: return "timeout";
    default: return "error";
  }
}

/// Damages a good answer in every way that is one byte or one cut, and a few thousand random ones;
/// `passes` says whether an answer may still be a measurement. Nothing may crash, and under
/// `strict` nothing may pass but a number that stands in the text.
void damage(MetricWorld& world, const std::string& good, const std::string& query = "q");

}  // namespace volary::live::world
