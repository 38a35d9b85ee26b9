#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/session.hpp"

/// Shell completion, written from the same CLI11 app that reads the command line, so that it never
/// lags behind it.
namespace volary::cli {
namespace {

/// One option as a shell needs it.
struct Word {
  std::vector<std::string> names;  ///< "--seed", "-h"
  std::string description;
  bool takes_value = false;
  bool takes_file = false;
  std::vector<std::string> values;  ///< the only ones allowed; empty = any
};

struct Command {
  std::string name;
  std::string description;
  std::vector<Word> options;
  std::vector<std::string>
      operands;  ///< what a positional argument may be, where that is a closed set
};

/// The members of "TEXT:{strict,flagger}", as CLI11 prints a closed set of values.
std::vector<std::string> members(const std::string& type) {
  const auto open = type.find('{'), close = type.rfind('}');
  std::vector<std::string> values;
  if (open == std::string::npos || close == std::string::npos || close < open) return values;
  std::string value;
  for (const char c : type.substr(open + 1, close - open - 1) + ",") {
    if (c != ',') {
      value += c;
    } else {
      values.push_back(value);
      value.clear();
    }
  }
  return values;
}

Command command_of(const CLI::App& app) {
  Command command{
      app.get_name(), app.get_description().substr(0, app.get_description().find('\n')), {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      for (std::string& value : members(option->get_type_name()))
        command.operands.push_back(std::move(value));
      continue;
    }
    Word word{{},
              option->get_description(),
              option->get_items_expected_max() > 0,
              option->get_type_name().starts_with("FILE"),
              members(option->get_type_name())};
    for (const std::string& name : option->get_lnames()) word.names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) word.names.push_back("-" + name);
    command.options.push_back(std::move(word));
  }
  return command;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string option_names(const Command& command) {
  std::vector<std::string> names;
  for (const Word& word : command.options)
    names.insert(names.end(), word.names.begin(), word.names.end());
  return joined(names);
}

/// In single quotes for any of the three shells.
std::string quoted(std::string text, bool zsh_spec = false) {
  std::string safe;
  for (const char c : text) {
    if (c == '\'') {
      safe += "'\\''";
    } else if (zsh_spec && (c == '[' || c == ']' || c == ':')) {
      safe += '\\';
      safe += c;
    } else {
      safe += c == '\n' ? ' ' : c;
    }
  }
  return "'" + safe + "'";
}

/// A line each, so that a file's name may hold blanks.
constexpr const char* bash_files = R"(mapfile -t COMPREPLY < <(compgen -f -- "$cur"))";

std::string bash_words(const std::string& words) {
  return fmt::format(R"(mapfile -t COMPREPLY < <(compgen -W {} -- "$cur"))", quoted(words));
}

std::string bash(const Command& program, const std::vector<Command>& commands) {
  std::string names, cases;
  for (const Command& command : commands) {
    names += (names.empty() ? "" : " ") + command.name;
    std::string values;
    for (const Word& word : command.options) {
      if (!word.takes_value) continue;
      std::string pattern;
      for (const std::string& name : word.names) pattern += (pattern.empty() ? "" : "|") + name;
      values += fmt::format("        {}) {}return ;;\n", pattern,
                            word.takes_file       ? bash_files + std::string{"; "}
                            : word.values.empty() ? std::string{}
                                                  : bash_words(joined(word.values)) + "; ");
    }
    cases += fmt::format("    {})\n", command.name);
    if (!values.empty()) cases += fmt::format("      case $prev in\n{}      esac\n", values);
    Command all = command;
    for (const Word& word : program.options)
      if (std::ranges::find(all.options, word.names, &Word::names) == all.options.end())
        all.options.push_back(word);
    cases += fmt::format(
        "      if [[ $cur == -* ]]; then {}; return; fi\n      {} ;;\n",
        bash_words(option_names(all)),
        command.operands.empty() ? std::string{bash_files} : bash_words(joined(command.operands)));
  }
  return fmt::format(
      "# bash completion of volary; to use it: source <(volary completion bash)\n"
      "_volary() {{\n"
      "  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} command= i\n"
      "  COMPREPLY=()\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    [[ ${{COMP_WORDS[i]}} == -* ]] || {{ command=${{COMP_WORDS[i]}}; break; }}\n"
      "  done\n"
      "  case $command in\n"
      "    '') {} ;;\n"
      "{}  esac\n"
      "}}\n"
      "complete -o filenames -F _volary volary\n",
      bash_words(names + " " + option_names(program)), cases);
}

/// One option in the words of zsh's _arguments.
std::string zsh_option(const Word& word) {
  std::string spec;
  for (const std::string& name : word.names) {
    std::string one = fmt::format("{}[{}]", name, quoted(word.description, true).substr(1));
    one = one.substr(0, one.size() - 2) + "]";  // the closing quote of quoted()
    if (word.takes_value) {
      one += word.takes_file       ? ":file:_files"
             : word.values.empty() ? ":value: "
                                   : ":value:(" + joined(word.values) + ")";
    }
    spec += fmt::format(" \\\n        '{}'", one);
  }
  return spec;
}

std::string zsh(const Command& program, const std::vector<Command>& commands) {
  std::string described, cases, global;
  for (const Word& word : program.options) global += zsh_option(word);
  for (const Command& command : commands) {
    described +=
        fmt::format("    {}\n", quoted(fmt::format("{}:{}", command.name, command.description)));
    std::string arguments;
    for (const Word& word : command.options) arguments += zsh_option(word);
    arguments += command.operands.empty()
                     ? " \\\n        '*:file:_files'"
                     : fmt::format(" \\\n        '*:value:({})'", joined(command.operands));
    cases += fmt::format("    {}) _arguments{} ;;\n", command.name, arguments);
  }
  return fmt::format(
      "#compdef volary\n"
      "# zsh completion of volary; to use it: source <(volary completion zsh)\n"
      "_volary() {{\n"
      "  local -a commands\n"
      "  commands=(\n{}  )\n"
      "  if (( CURRENT == 2 )); then\n"
      "    _describe 'command' commands\n"
      "    _arguments{}\n"
      "    return\n"
      "  fi\n"
      "  local command=$words[2]\n"
      "  shift words; (( CURRENT-- ))\n"
      "  case $command in\n{}  esac\n"
      "}}\n"
      "if [ \"$funcstack[1]\" = _volary ]; then _volary \"$@\"; else compdef _volary volary; fi\n",
      described, global, cases);
}

std::string fish_option(const Word& word, const std::string& condition) {
  std::string line = "complete -c volary" + condition;
  for (const std::string& name : word.names)
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (word.takes_value)
    line += word.takes_file       ? " -r -F"
            : word.values.empty() ? " -x"
                                  : " -x -a " + quoted(joined(word.values));
  return line + " -d " + quoted(word.description) + "\n";
}

std::string fish(const Command& program, const std::vector<Command>& commands) {
  std::string text = "# fish completion of volary; to use it: volary completion fish | source\n";
  for (const Word& word : program.options) text += fish_option(word, "");
  for (const Command& command : commands) {
    text += fmt::format("complete -c volary -n __fish_use_subcommand -f -a {} -d {}\n",
                        command.name, quoted(command.description));
    const std::string inside = fmt::format(" -n '__fish_seen_subcommand_from {}'", command.name);
    for (const Word& word : command.options) text += fish_option(word, inside);
    if (!command.operands.empty())
      text +=
          fmt::format("complete -c volary{} -f -a {}\n", inside, quoted(joined(command.operands)));
  }
  return text;
}

}  // namespace

void add_completion(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("completion", "print a completion script for a shell");
  command->footer("Example:\n  source <(volary completion bash)\n");
  const auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "the shell that will read it")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([&app, &session, shell] {
    session.action = [&app, &session, shell] {
      const Command program = command_of(app);
      std::vector<Command> commands;
      for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
        commands.push_back(command_of(*sub));
      const std::string script = *shell == "bash"  ? bash(program, commands)
                                 : *shell == "zsh" ? zsh(program, commands)
                                                   : fish(program, commands);
      return print(session, script).value_or(Exit::Done);
    };
  });
}

}  // namespace volary::cli
