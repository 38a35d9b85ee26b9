#include "live/operator/scheduler.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace volary::live {

Scheduler::Scheduler(Turn turn, std::size_t most_threads)
    : turn_{std::move(turn)}, most_threads_{most_threads} {
  timekeeper_ = std::thread{[this] { keep_time(); }};
}

Scheduler::~Scheduler() {
  (void)stop(Duration::zero());
  timekeeper_.join();
  for (std::thread& thread : threads_) thread.join();
}

void Scheduler::put(const ObjectName& name, Duration interval) {
  const std::lock_guard hold{guard_};
  auto& job = jobs_[name];
  if (job && job->interval == interval) return;
  if (!job) job = std::make_shared<Job>();
  job->interval = interval;
  job->began = job->due = Steady::now();
  job->restarted = job->running;
  timer_.notify_one();
}

void Scheduler::nudge(const ObjectName& name) {
  const std::lock_guard hold{guard_};
  const auto found = jobs_.find(name);
  if (found == jobs_.end()) return;
  found->second->nudged = true;
  timer_.notify_one();
}

void Scheduler::drop(const ObjectName& name) {
  const std::lock_guard hold{guard_};
  const auto found = jobs_.find(name);
  if (found == jobs_.end()) return;
  found->second->dropped = true;
  jobs_.erase(found);
}

bool Scheduler::stop(Duration grace) {
  std::unique_lock hold{guard_};
  over_ = true;
  tasks_.clear();
  timer_.notify_all();
  work_.notify_all();
  return idle_.wait_for(hold, grace, [&] { return running_ == 0; });
}

std::size_t Scheduler::size() const {
  const std::lock_guard hold{guard_};
  return jobs_.size();
}

void Scheduler::keep_time() {
  std::unique_lock hold{guard_};
  while (!over_) {
    const Steady::time_point now = Steady::now();
    Steady::time_point next = now + std::chrono::minutes{1};
    for (const auto& [name, job] : jobs_) {
      if (job->running) continue;
      if (job->due <= now || job->nudged) {
        start(name, job);
      } else {
        next = std::min(next, job->due);
      }
    }
    timer_.wait_until(hold, next);
  }
}

/// The lock is held.
void Scheduler::start(const ObjectName& name, const std::shared_ptr<Job>& job) {
  const Steady::time_point now = Steady::now();
  job->running = true;
  tasks_.push_back({.name = name, .job = job, .due = job->nudged ? now : job->due});
  if (waiting_ < tasks_.size() && threads_.size() < most_threads_) {
    try {
      threads_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      // FLT-49: no more threads here; those that are there take one turn after the other.
    }
  }
  work_.notify_one();
}

void Scheduler::work() {
  std::unique_lock hold{guard_};
  while (true) {
    ++waiting_;
    work_.wait(hold, [&] { return over_ || !tasks_.empty(); });
    --waiting_;
    if (over_) return;
    const Task task = std::move(tasks_.front());
    tasks_.pop_front();
    if (task.job->dropped) continue;
    task.job->nudged = false;
    ++running_;
    hold.unlock();
    turn_(task.name, std::max(Duration{}, Duration{Steady::now() - task.due}));
    hold.lock();
    --running_;
    finish(task);
    if (running_ == 0) idle_.notify_all();
  }
}

/// SCH-03: of the turns that were missed meanwhile one is made up, right now. The lock is held.
void Scheduler::finish(const Task& task) {
  Job& job = *task.job;
  job.running = false;
  if (std::exchange(job.restarted, false)) {
    timer_.notify_one();
    return;
  }
  const Steady::time_point now = Steady::now();
  if (job.due > now && !job.nudged) {  // a nudge does not move the rate
    timer_.notify_one();
    return;
  }
  const auto done = (job.due - job.began) / job.interval;
  const auto passed = (now - job.began) / job.interval;
  job.due = job.began + std::max<std::int64_t>(done + 1, passed) * job.interval;
  timer_.notify_one();
}

}  // namespace volary::live
