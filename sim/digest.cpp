#include "sim/digest.hpp"

#include <bit>
#include <string_view>

namespace volary::sim {
namespace {

class Digest {
 public:
  void add(std::uint64_t value) {
    for (int byte = 0; byte < 8; ++byte)
      hash_ = (hash_ ^ (value >> (8 * byte) & 0xff)) * 0x100000001b3U;
  }
  void add(std::int64_t value) { add(static_cast<std::uint64_t>(value)); }
  void add(int value) { add(static_cast<std::int64_t>(value)); }
  void add(double value) { add(std::bit_cast<std::uint64_t>(value)); }
  void add(Instant at) { add(static_cast<std::int64_t>(at.time_since_epoch().count())); }
  void add(std::string_view text) {
    add(static_cast<std::uint64_t>(text.size()));
    for (const char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  template <class T>
  void add(const std::optional<T>& value) {
    add(value.has_value() ? 1 : 0);
    if (value) add(*value);
  }
  [[nodiscard]] std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325U;
};

}  // namespace

std::uint64_t digest(const Run& run) {
  Digest all;
  all.add(run.ended);
  for (const TickRecord& tick : run.ticks) {
    all.add(tick.began);
    all.add(tick.ended);
    all.add(to_string(tick.status.phase));
    all.add(tick.status.canary_weight);
    all.add(tick.status.iterations);
    all.add(tick.status.failed_checks);
    for (const Event& event : tick.events) all.add(short_form(event));
    for (const CheckEvidence& check : tick.checks) {
      all.add(check.name);
      all.add(check.value);
      all.add(check.samples);
    }
    for (const HookRecord& hook : tick.hooks) all.add(hook.hook);
  }
  for (const Conservation& books : run.conservation) {
    all.add(books.arrived);
    all.add(books.answered);
    all.add(books.failed);
  }
  all.add(run.kernel_events);
  all.add(run.score.harmed_requests);
  return all.value();
}

}  // namespace volary::sim
