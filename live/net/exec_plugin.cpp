#include "live/net/exec_plugin.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/contract.hpp"
#include "live/net/pause.hpp"

namespace volary::live {
namespace {

using Clock = std::chrono::steady_clock;

struct Descriptor {
  int fd = -1;
  Descriptor() = default;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close_now(); }
  void close_now() {
    if (fd >= 0) close(fd);
    fd = -1;
  }
};

/// The environment of the child: ours, with some names replaced.
std::vector<std::string> environment_of(const Program& program) {
  std::vector<std::string> all;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string text{*entry};
    const std::string name = text.substr(0, text.find('='));
    const bool replaced = std::any_of(program.environment.begin(), program.environment.end(),
                                      [&](const auto& variable) { return variable.first == name; });
    if (!replaced) all.push_back(text);
  }
  for (const auto& [name, value] : program.environment) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

/// A group of its own, so that what it started ends with it; nothing of ours is open in it.
Result<pid_t> start(const Program& program, int output) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  expects(posix_spawn_file_actions_init(&files) == 0 && posix_spawnattr_init(&attributes) == 0,
          "memory for a process");
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output, 1);
  posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&files, 3);
  sigset_t none;
  sigset_t usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&usual, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<std::string> words{program.command};
  words.insert(words.end(), program.arguments.begin(), program.arguments.end());
  std::vector<std::string> variables = environment_of(program);
  pid_t child = 0;
  const int failure = posix_spawnp(&child, program.command.c_str(), &files, &attributes,
                                   pointers(words).data(), pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (failure != 0)
    return fail(failure == ENOENT ? ErrorKind::NotFound : ErrorKind::Unavailable,
                "cannot run {}: {}", program.command, std::strerror(failure));
  return child;
}

}  // namespace

Result<Secret> output_of(const Program& program, const std::stop_token& stop, Duration longest,
                         std::size_t most_bytes) {
  Descriptor reader;
  Descriptor writer;
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(ErrorKind::Unavailable, "cannot run {}: {}", program.command, std::strerror(errno));
  reader.fd = ends[0];
  writer.fd = ends[1];

  const auto deadline = Clock::now() + longest;
  const Result<pid_t> child = start(program, writer.fd);
  if (!child) return tl::unexpected<Error>(child.error());
  writer.close_now();

  std::string output;
  std::string problem;
  ErrorKind kind = ErrorKind::Unavailable;
  constexpr auto step = std::chrono::milliseconds{50};  // how late a stop may be noticed
  const auto out_of_time = [&] {
    if (!stop.stop_requested() && Clock::now() < deadline) return false;
    kind = ErrorKind::Timeout;
    problem = stop.stop_requested() ? "was interrupted" : "did not end within " + spoken(longest);
    return true;
  };
  for (bool open = true; open && problem.empty();) {
    if (out_of_time()) break;
    pollfd wait{.fd = reader.fd, .events = POLLIN, .revents = 0};
    if (poll(&wait, 1, static_cast<int>(step.count())) <= 0) continue;
    std::array<char, 8192> piece{};
    const ssize_t got = read(reader.fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) open = false;
    if (got > 0) output.append(piece.data(), static_cast<std::size_t>(got));
    if (output.size() > most_bytes) problem = "printed more than credentials are long";
  }
  int status = 0;
  while (problem.empty()) {
    const pid_t ended = waitpid(*child, &status, WNOHANG);
    if (ended == *child || (ended < 0 && errno != EINTR)) break;
    if (!out_of_time()) (void)pause_for(stop, std::chrono::milliseconds{2});
  }
  if (!problem.empty()) {
    kill(-*child, SIGKILL);
    while (waitpid(*child, &status, 0) < 0 && errno == EINTR) {
    }
    return fail(kind, "{} {}", program.command, problem);
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return fail(ErrorKind::Unavailable, "{} failed with {} {}", program.command,
                WIFEXITED(status) ? "exit code" : "signal",
                WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
  return Secret{std::move(output)};
}

}  // namespace volary::live
