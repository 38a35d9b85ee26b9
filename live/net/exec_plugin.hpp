#pragma once

#include <cstddef>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "engine/result.hpp"
#include "engine/units.hpp"
#include "live/net/secret.hpp"

namespace volary::live {

/// A program that prints credentials, as a kubeconfig names it.
struct Program {
  std::string command;  ///< looked up in PATH unless it names a folder
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;  ///< added to ours
};

/// Runs it without a terminal and returns what it printed. What it says on its error stream is not
/// kept: it may hold what must not be shown (INV-42).
///
/// Errors: NotFound: there is no such program; Unavailable: it failed, or printed more than
/// `most_bytes`; Timeout: it and all that it started were ended after `longest`, or at the stop.
/// Source: INV-41 (credential plugin: 1 MiB, 30 s).
[[nodiscard]] Result<Secret> output_of(const Program& program, const std::stop_token& stop,
                                       Duration longest = std::chrono::seconds{30},
                                       std::size_t most_bytes = std::size_t{1} << 20);

}  // namespace volary::live
