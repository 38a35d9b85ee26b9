#include "tests/prometheus/child.hpp"

#include <csignal>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace volary::test {

Child::Child(const std::vector<std::string>& words, const std::string& log) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(97);  // it died before the line above
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  dup2(open("/dev/null", O_RDONLY), 0);
  dup2(out, 1);
  dup2(out, 2);
  execv(arguments[0], arguments.data());
  _exit(98);
}

Child::~Child() {
  if (ended()) return;
  kill(pid_, SIGTERM);
  for (int tenths = 0; tenths < 50; ++tenths) {
    if (ended()) return;
    usleep(100'000);
  }
  kill(pid_, SIGKILL);
  wait();
}

int Child::wait() {
  if (pid_ > 0) reap(0);
  return code_;
}

bool Child::ended() {
  if (pid_ > 0) reap(WNOHANG);
  return pid_ <= 0;
}

void Child::reap(int options) {
  int status = 0;
  if (waitpid(pid_, &status, options) != pid_) return;
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  pid_ = -1;
}

}  // namespace volary::test
