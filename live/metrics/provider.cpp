#include "live/metrics/provider.hpp"

#include <array>
#include <utility>

#include "live/metrics/parts.hpp"
#include "live/retry.hpp"

namespace volary::live {
namespace {

using Provider = const MetricProvider& (*)();

template <auto provider>
const MetricProvider& as_provider() {
  return provider();
}

struct Kind {
  std::string_view name;
  Provider provider;
};
constexpr std::array kinds{
    Kind{"prometheus", as_provider<prometheus_provider>},
    Kind{"datadog", as_provider<datadog_provider>},
    Kind{"cloudwatch", as_provider<cloudwatch_provider>},
    Kind{"newrelic", as_provider<newrelic_provider>},
    Kind{"graphite", as_provider<graphite_provider>},
    Kind{"stackdriver", as_provider<stackdriver_provider>},
    Kind{"influxdb", as_provider<influxdb_provider>},
    Kind{"dynatrace", as_provider<dynatrace_provider>},
    Kind{"keptn", as_provider<keptn_provider>},
    Kind{"splunk", as_provider<splunk_provider>},
    Kind{"externalmetrics", as_provider<external_metrics_provider>},
};

}  // namespace

const MetricProvider& provider_named(std::string_view type) {
  for (const Kind& kind : kinds)
    if (kind.name == type) return kind.provider();
  return prometheus_provider();
}

Result<MetricQuestion> HttpProvider::authorized(MetricQuestion question, const MetricDoors&) const {
  return question;
}

Result<HttpResponse> HttpProvider::exchange(const MetricQuestion& question,
                                            const HttpRequest& request,
                                            const MetricDoors& doors) const {
  for (const auto& [name, value] : request.headers)
    if (has_control_characters(name) || has_control_characters(value))
      return fail(ErrorKind::Invalid,
                  "the value of header {} holds control characters: does a key of the Secret end "
                  "with a line end?",
                  shown(question, name));
  auto answer = doors.http.send(request);
  for (int i = 0; i < repetitions() && may_retry(answer); ++i) {
    doors.wait(retry_pause(i, answer, question.now));
    answer = doors.http.send(request);
  }
  // FLT-89: a server that says when to come back is asked once more, if that is within the time
  // that one answer may take.
  if (question.strict() && answer && answer->status == 429 && answer->retry_after > Duration{} &&
      answer->retry_after <= request.timeout) {
    doors.wait(answer->retry_after);
    answer = doors.http.send(request);
  }
  return answer;
}

Result<Measurement> HttpProvider::query(const MetricQuestion& question,
                                        const MetricDoors& doors) const {
  const auto ready = authorized(question, doors);
  if (!ready) return tl::unexpected(ready.error());
  const auto asked = request(*ready);
  if (!asked) return tl::unexpected(without_secrets(*ready, asked.error()));
  const auto answer = exchange(*ready, *asked, doors);
  if (!answer) return tl::unexpected(without_secrets(*ready, answer.error()));
  return read(*ready, *answer).map_error([&](Error error) {
    return without_secrets(*ready, std::move(error));
  });
}

Result<void> HttpProvider::online(const MetricQuestion& question, const MetricDoors& doors) const {
  const auto ready = authorized(question, doors);
  if (!ready) return tl::unexpected(ready.error());
  const auto asked = online_request(*ready);
  if (!asked) return tl::unexpected(without_secrets(*ready, asked.error()));
  const auto answer = exchange(*ready, *asked, doors);
  if (!answer) return tl::unexpected(without_secrets(*ready, answer.error()));
  return read_online(*ready, *answer).map_error([&](Error error) {
    return without_secrets(*ready, std::move(error));
  });
}

}  // namespace volary::live
