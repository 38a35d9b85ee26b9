#pragma once

#include <chrono>
#include <fcntl.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "tests/cli/golden.hpp"
#include "tests/support/scratch.hpp"

/// Runs the built `volary` as its users do.
namespace volary::program {

struct Ended {
  int code = -1;  ///< 128 + the signal, where one ended it
  std::string out, err;
  std::chrono::duration<double> took{};
  std::chrono::duration<double> cpu{};  ///< of one core, which other tests do not lengthen
};

using Environment = std::vector<std::pair<std::string, std::string>>;

/// Starts in the top of the source tree, with `environment` added to a bare one.
inline Ended start(std::vector<std::string> words, const Environment& environment = {},
                   const std::string& input = "/dev/null") {
  static int number = 0;
  const std::string base = test::scratch("program-" + std::to_string(number++));
  const auto began = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    const auto redirect = [](const std::string& path, int flags, int to) {
      dup2(open(path.c_str(), flags, 0644), to);
    };
    redirect(input, O_RDONLY, 0);
    redirect(base + ".out", O_WRONLY | O_CREAT | O_TRUNC, 1);
    redirect(base + ".err", O_WRONLY | O_CREAT | O_TRUNC, 2);
    alarm(120);  // whatever hangs is ended, and shows
    if (chdir(VOLARY_SOURCE_DIR) != 0) _exit(99);
    clearenv();
    setenv("PATH", VOLARY_BINARY_DIR "/bin:/usr/bin:/bin", 1);
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    _exit(98);
  }
  int status = 0;
  rusage used{};
  wait4(child, &status, 0, &used);
  Ended ended{.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
              .out = golden::read(base + ".out"),
              .err = golden::read(base + ".err"),
              .took = std::chrono::steady_clock::now() - began};
  unlink((base + ".out").c_str());
  unlink((base + ".err").c_str());
  return ended;
}

/// `volary` with these words.
inline Ended volary(std::vector<std::string> words, const Environment& environment = {},
                    const std::string& input = "/dev/null") {
  words.insert(words.begin(), "volary");
  return start(std::move(words), environment, input);
}

}  // namespace volary::program
