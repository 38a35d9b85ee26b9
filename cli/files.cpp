#include "cli/files.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace volary::cli {
namespace {

tl::unexpected<Error> cannot(const std::string& path, int number) {
  return tl::unexpected<Error>(
      Error{.kind = ErrorKind::Output,
            .message = std::string{"cannot write: "} + std::strerror(number),
            .where = path,
            .hint = "give a path in a folder that you may write"});
}

/// Everything, or errno.
int write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

Result<void> write_whole(const std::string& path, std::string_view text) {
  struct stat known {};
  const bool exists = path != "-" && ::stat(path.c_str(), &known) == 0;
  if (path == "-" || (exists && !S_ISREG(known.st_mode) && !S_ISDIR(known.st_mode))) {
    const int file = path == "-" ? STDOUT_FILENO : ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0) return cannot(path, errno);
    const int failed = write_all(file, text);
    if (path != "-") ::close(file);
    if (failed != 0) return cannot(path, failed);
    return {};
  }
  if (exists && S_ISDIR(known.st_mode)) return cannot(path, EISDIR);
  std::string beside = path + ".XXXXXX";
  const int file = ::mkostemp(beside.data(), O_CLOEXEC);
  if (file < 0) return cannot(path, errno);
  int failed = write_all(file, text);
  // mkostemp is for secrets; a report is as readable as any file its author makes.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  if (failed == 0 && ::fchmod(file, exists ? known.st_mode & 0777U : 0666U & ~mask) != 0)
    failed = errno;
  if (failed == 0 && ::fsync(file) != 0) failed = errno;
  if (::close(file) != 0 && failed == 0) failed = errno;
  if (failed == 0 && ::rename(beside.c_str(), path.c_str()) != 0) failed = errno;
  if (failed != 0) {
    ::unlink(beside.c_str());
    return cannot(path, failed);
  }
  return {};
}

}  // namespace volary::cli
