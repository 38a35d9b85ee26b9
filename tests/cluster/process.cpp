#include "tests/cluster/process.hpp"

#include <csignal>
#include <deque>
#include <fcntl.h>
#include <fstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace volary::test {

Process::Process(std::string program, std::vector<std::string> arguments, std::string log)
    : log_{std::move(log)} {
  std::vector<char*> words{program.data()};
  for (std::string& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);
  const int output = open(log_.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  const int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (output < 0 || input < 0) throw std::runtime_error("cannot open " + log_);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {  // only what may be called between fork and exec
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    setpgid(0, 0);  // a Ctrl-C ends the test, which ends it in order
    dup2(input, 0);
    dup2(output, 1);
    dup2(output, 2);
    execv(program.c_str(), words.data());
    _exit(127);
  }
  close(input);
  close(output);
  if (pid_ < 0) throw std::runtime_error("cannot start " + program);
}

void Process::reap(int options) {
  if (pid_ > 0 && waitpid(pid_, nullptr, options) == pid_) pid_ = -1;
}

bool Process::running() {
  reap(WNOHANG);
  return pid_ > 0;
}

void Process::stop(std::chrono::seconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  if (running()) kill(pid_, SIGTERM);
  while (running() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  kill_now();
}

void Process::kill_now() {
  if (!running()) return;
  kill(pid_, SIGKILL);
  reap(0);
}

std::string Process::last_words() const {
  std::ifstream file{log_};
  std::deque<std::string> lines;
  constexpr std::size_t most = 15;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line.substr(0, 300));
    if (lines.size() > most) lines.pop_front();
  }
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

int free_port() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool known =
      listener >= 0 &&
      bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&  // NOLINT
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0;      // NOLINT
  if (listener >= 0) close(listener);
  if (!known) throw std::runtime_error("no port is free");
  return ntohs(address.sin_port);
}

}  // namespace volary::test
