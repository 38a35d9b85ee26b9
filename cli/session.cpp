#include "cli/session.hpp"

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <langinfo.h>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace volary::cli {
namespace {

using sim::report::Ink;
using sim::report::TextStyle;

/// The character set of the user's locale; the process itself stays in "C", so that no number
/// changes its form.
bool speaks_utf8() {
  const locale_t locale = newlocale(LC_CTYPE_MASK, "", locale_t{});
  if (locale == locale_t{}) return false;
  const bool utf8 = std::string_view{nl_langinfo_l(CODESET, locale)} == "UTF-8";
  freelocale(locale);
  return utf8;
}

TextStyle style_of(int descriptor, bool no_color) {
  TextStyle style{.width = 120, .colour = false, .utf8 = speaks_utf8()};
  if (isatty(descriptor) == 0) return style;
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    style.width = std::clamp<int>(size.ws_col, 40, 400);
  const char* term = std::getenv("TERM");
  const char* no = std::getenv("NO_COLOR");  // set and not empty: no colour, whatever it says
  const bool refused = no_color || (no != nullptr && *no != '\0');
  style.colour = !refused && term != nullptr && std::string_view{term} != "dumb";
  return style;
}

std::string_view cause(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Invalid: return "invalid";
    case ErrorKind::NotFound: return "not-found";
    case ErrorKind::Conflict: return "conflict";
    case ErrorKind::NoData: return "no-data";
    case ErrorKind::Unavailable: return "unavailable";
    case ErrorKind::Timeout: return "timeout";
    case ErrorKind::Output: return "output";
  }
  return "invalid";
}

}  // namespace

void Session::look_around() {
  out = style_of(STDOUT_FILENO, no_color);
  err = style_of(STDERR_FILENO, no_color);
  progress = isatty(STDERR_FILENO) != 0;
}

Exit exit_code(const Error& error) {
  switch (error.kind) {
    case ErrorKind::Unavailable:
    case ErrorKind::Timeout: return Exit::Unreachable;
    case ErrorKind::Output: return Exit::NotWritten;
    default: return Exit::Refused;
  }
}

std::string error_line(const Error& error, Exit code, bool json) {
  // Readers complain of a place ("canary.yaml: is empty"); here the place comes later.
  const bool of_a_place = error.message.starts_with("is ") || error.message.starts_with("holds ");
  const std::string message = (of_a_place ? "this " : "") + error.message;
  if (json) {
    const nlohmann::ordered_json object{{"code", static_cast<int>(code)},
                                        {"id", cause(error.kind)},
                                        {"message", message},
                                        {"where", error.where},
                                        {"hint", error.hint}};
    return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  // `what` and `cause` are one text in our errors, written "what: cause" where there are two.
  std::string what = message, why;
  if (const auto colon = what.find(": "); colon != std::string::npos) {
    why = what.substr(colon);
    what.resize(colon);
  }
  std::string line = "error: " + what;
  if (!error.where.empty()) line += " (" + error.where + ")";
  line += why;
  if (!error.hint.empty()) line += "; " + error.hint;
  return line;
}

Exit refuse(const Session& session, const Error& error) {
  const Exit code = exit_code(error);
  std::string line = error_line(error, code, session.json_errors);
  if (!session.json_errors) {
    line = sim::report::printable(session.err, line);
    if (line.starts_with("error:"))
      line = sim::report::paint(session.err, Ink::Fail, "error:") + line.substr(6);
  }
  fmt::print(stderr, "{}\n", line);
  return code;
}

void warn(const Session& session, std::string_view text) {
  if (session.json_errors) {
    const nlohmann::ordered_json object{{"warning", text}};
    fmt::print(stderr, "{}\n",
               object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  fmt::print(stderr, "{} {}\n", sim::report::paint(session.err, Ink::Strong, "warning:"),
             sim::report::printable(session.err, text));
}

void warn_of(const Session& session, const std::vector<Remark>& remarks) {
  for (const Remark& remark : remarks) {
    std::string text = to_string(remark.at) + ": ";
    if (!remark.path.empty()) text += remark.path + ": ";
    text += remark.text;
    if (!remark.hint.empty()) text += "; " + remark.hint;
    warn(session, text);
  }
}

bool write_out(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
         std::fflush(stdout) == 0;
}

std::optional<Exit> print(const Session& session, std::string_view text) {
  errno = 0;
  if (write_out(text)) return std::nullopt;
  if (errno == EPIPE) return Exit::Done;
  return refuse(session, {.kind = ErrorKind::Output,
                          .message = std::string{"cannot write: "} + std::strerror(errno),
                          .where = "standard output",
                          .hint = "free some space or write elsewhere"});
}

}  // namespace volary::cli
