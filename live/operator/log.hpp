#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "engine/ports.hpp"

namespace volary::live {

/// What the process says of itself, one JSON object a line (CTL-20). Thread-safe.
class Log {
 public:
  enum class Level { Debug, Info, Warn, Error };
  using Write = std::function<void(std::string_view line)>;

  /// `write` takes a whole line, its end included.
  Log(const Clock& clock, Level least, Write write);

  /// `from` names the part that speaks; `canary` is its object, if it speaks of one.
  void say(Level level, std::string_view from, std::string_view text,
           const ObjectName& canary = {});

 private:
  const Clock& clock_;
  Level least_;
  Write write_;
  std::mutex guard_;
};

/// FLAG-25: anything but a known word acts as `info`.
[[nodiscard]] Log::Level level_named(std::string_view word);

}  // namespace volary::live
