#include "engine/readiness.hpp"

#include <catch2/catch.hpp>

using namespace volary;
using namespace std::chrono_literals;

namespace {

constexpr Instant now{1h};

WorkloadView deployment(int pods) {
  return {.kind = WorkloadView::Kind::Deployment,
          .name = "web",
          .generation = 3,
          .observed_generation = 3,
          .spec_replicas = pods,
          .replicas = pods,
          .updated = pods,
          .available = pods};
}

ReadinessRule rule(int threshold = 100, Compat compat = Compat::Flagger) {
  return {.threshold = threshold, .deadline = 600s, .role = Role::Primary, .compat = compat};
}

}  // namespace

TEST_CASE("RDY-01..07: a Deployment, rule by rule") {
  CHECK(readiness(deployment(3), rule(), now).ready);
  WorkloadView w = deployment(3);
  w.generation = 4;
  CHECK_FALSE(readiness(w, rule(), now).ready);
  w = deployment(3);
  w.updated = 2;
  CHECK(readiness(w, rule(), now).reason.find("2 out of 3") != std::string::npos);
  w = deployment(3);
  w.replicas = 4;
  CHECK(readiness(w, rule(), now).reason.find("1 old replicas") != std::string::npos);
  w = deployment(3);
  w.available = 2;
  CHECK_FALSE(readiness(w, rule(), now).ready);
  CHECK(readiness(w, rule(67), now).ready);  // floor(2.01) = 2
}

TEST_CASE("RDY-02, RDY-03: when waiting no longer helps") {
  WorkloadView w = deployment(2);
  w.available = 0;
  w.has_progressing = w.has_available = true;
  w.available_status = "False";
  w.available_reason = "MinimumReplicasUnavailable";
  w.available_updated = now - 599s;
  CHECK(readiness(w, rule(), now).retriable);
  w.available_updated = now - 601s;
  CHECK_FALSE(readiness(w, rule(), now).retriable);
  w = deployment(2);
  w.has_progressing = true;
  w.progressing_reason = "ProgressDeadlineExceeded";
  CHECK_FALSE(readiness(w, rule(), now).retriable);
}

TEST_CASE("RDY-08: the reference multiplies in 32-bit floats, strict mode exactly") {
  const auto needs = [](int pods, int threshold, Compat compat) {
    for (int available = 0; available <= pods; ++available) {
      WorkloadView w = deployment(pods);
      w.available = available;
      if (readiness(w, rule(threshold, compat), now).ready) return available;
    }
    return -1;
  };
  CHECK(needs(75, 84, Compat::Flagger) == 62);
  CHECK(needs(100, 53, Compat::Flagger) == 52);
  CHECK(needs(100, 59, Compat::Flagger) == 58);
  CHECK(needs(75, 84, Compat::Strict) == 63);
  CHECK(needs(2, 1, Compat::Flagger) == 0);
  CHECK(needs(2, 1, Compat::Strict) == 1);  // INV-03: somebody must answer
}

TEST_CASE("Q-21: at zero replicas the reference is ready, strict mode is not") {
  CHECK(readiness(deployment(0), rule(), now).ready);
  CHECK_FALSE(readiness(deployment(0), rule(100, Compat::Strict), now).ready);
}

TEST_CASE("RDY-20..22: a DaemonSet's deadline runs from the last status write") {
  WorkloadView w{.kind = WorkloadView::Kind::DaemonSet,
                 .name = "web",
                 .generation = 1,
                 .observed_generation = 1,
                 .updated = 3,
                 .available = 2,
                 .desired = 3};
  ReadinessRule waiting = rule();
  waiting.waiting_since = now - 599s;
  CHECK(readiness(w, waiting, now).retriable);
  waiting.waiting_since = now - 601s;
  CHECK_FALSE(readiness(w, waiting, now).retriable);
  waiting.deadline_counts = false;
  CHECK(readiness(w, waiting, now).retriable);
  w.available = 3;
  CHECK(readiness(w, waiting, now).ready);
}

TEST_CASE("SCL-10: how many replicas a canary is started with") {
  CHECK(replicas_to_start(2, false, {}, 5) == 2);
  CHECK(replicas_to_start(0, false, {}, 5) == 5);
  CHECK(replicas_to_start(0, false, {}, 0) == 1);
  CHECK_FALSE(replicas_to_start(0, false, {}, std::nullopt));
  CHECK(replicas_to_start(0, true, 4, 9) == 4);
  CHECK(replicas_to_start(0, true, std::nullopt, 9) == 1);
}
