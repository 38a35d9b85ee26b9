#include "live/operator/log.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "live/rfc3339.hpp"

namespace volary::live {
namespace {

std::string_view word(Log::Level level) {
  switch (level) {
    case Log::Level::Debug: return "debug";
    case Log::Level::Info: return "info";
    case Log::Level::Warn: return "warn";
    case Log::Level::Error: return "error";
  }
  return "info";
}

}  // namespace

Log::Log(const Clock& clock, Level least, Write write)
    : clock_{clock}, least_{least}, write_{std::move(write)} {}

void Log::say(Level level, std::string_view from, std::string_view text, const ObjectName& canary) {
  if (level < least_) return;
  nlohmann::ordered_json record{
      {"level", word(level)}, {"ts", rfc3339_micro(clock_.now())}, {"caller", from}, {"msg", text}};
  if (!canary.name.empty()) record["canary"] = to_string(canary);
  const std::string line =
      record.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  const std::lock_guard hold{guard_};
  write_(line);
}

Log::Level level_named(std::string_view word) {
  if (word == "debug") return Log::Level::Debug;
  if (word == "warn") return Log::Level::Warn;
  if (word == "error" || word == "fatal" || word == "panic") return Log::Level::Error;
  return Log::Level::Info;
}

}  // namespace volary::live
