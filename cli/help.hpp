#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace volary::cli {

/// Help as people read it: what an option wants by its own name or its choices, and what it is when
/// not given; no types of ours.
class Help : public CLI::Formatter {
 public:
  Help();
  std::string make_usage(const CLI::App* app, std::string name) const override;
  std::string make_option_name(const CLI::Option* option, bool positional) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
};

}  // namespace volary::cli
