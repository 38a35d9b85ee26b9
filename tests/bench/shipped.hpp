#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include "policies/policy.hpp"
#include "scenarios/load.hpp"

/// What ships with Volary, read or the program ends: a benchmark of nothing is worse than none.
namespace volary::bench {

inline sim::Scenario scenario(const std::string& name) {
  auto read = load_scenario(VOLARY_SOURCE_DIR "/scenarios/" + name + ".yaml");
  if (!read) {
    std::fprintf(stderr, "%s\n", to_string(read.error()).c_str());
    std::exit(1);
  }
  return *std::move(read);
}

inline Policy policy(const std::string& name) {
  auto read = load_policies({VOLARY_SOURCE_DIR "/policies/" + name + ".yaml"});
  if (!read || read->size() != 1) {
    std::fprintf(stderr, "%s: %s\n", name.c_str(),
                 read ? "not one policy" : to_string(read.error()).c_str());
    std::exit(1);
  }
  return std::move(read->front());
}

}  // namespace volary::bench
