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

constexpr std::array providers{
    std::pair<std::string_view, Provider>{"prometheus", as_provider<prometheus_provider>},
};

}  // namespace

const MetricProvider& provider_named(std::string_view type) {
  for (const auto& [name, provider] : providers)
    if (name == type) return provider();
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
