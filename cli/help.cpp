#include "cli/help.hpp"

#include <algorithm>
#include <string>

#include <CLI/CLI.hpp>

namespace volary::cli {
namespace {

/// "TEXT:{strict,flagger}" is "strict|flagger", "N:INT in [1 - 9]" is "N".
std::string wanted(const CLI::Option& option) {
  std::string type = option.get_type_name();
  if (const auto open = type.find('{'), close = type.rfind('}');
      open != std::string::npos && close != std::string::npos) {
    type = type.substr(open + 1, close - open - 1);
    std::ranges::replace(type, ',', '|');
    return type;
  }
  return type.substr(0, type.find(':'));
}

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

Help::Help() {
  label("Positionals", "Arguments");
  column_width(36);
}

std::string Help::make_usage(const CLI::App* app, std::string name) const {
  std::string usage = "\nUsage: " + name;
  if (!app->get_options([](const CLI::Option* o) { return o->nonpositional(); }).empty())
    usage += " [OPTIONS]";
  for (const CLI::Option* option :
       app->get_options([](const CLI::Option* o) { return o->get_positional(); }))
    usage += " " + wanted(*option);
  if (!app->get_subcommands([](const CLI::App*) { return true; }).empty()) usage += " COMMAND";
  return usage + "\n";
}

std::string Help::make_option_name(const CLI::Option* option, bool positional) const {
  return positional ? wanted(*option) : option->get_name(false, true);
}

std::string Help::make_option_opts(const CLI::Option* option) const {
  const bool takes_none = option->get_items_expected_max() == 0;
  return option->get_positional() || takes_none ? "" : " " + wanted(*option);
}

std::string Help::make_option_desc(const CLI::Option* option) const {
  const std::string otherwise = option->get_default_str();
  return option->get_description() + (otherwise.empty() ? "" : " (default " + otherwise + ")");
}

std::string Help::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const {
  std::string text = CLI::Formatter::make_help(app, std::move(name), mode);
  for (std::size_t gap = text.find("\n\n\n"); gap != std::string::npos;
       gap = text.find("\n\n\n", gap))
    text.erase(gap, 1);
  return text;
}

}  // namespace

std::shared_ptr<CLI::FormatterBase> help() { return std::make_shared<Help>(); }

}  // namespace volary::cli
