#pragma once

#include <string>
#include <utility>

#include <fmt/format.h>
#include <tl/expected.hpp>

namespace volary {

/// Why the world said no. A kind exists only where some caller acts differently on it.
enum class ErrorKind {
  Invalid,      ///< the input is wrong: exit 2
  NotFound,     ///< the named object does not exist
  Conflict,     ///< written against an old version: read again (SM-17, ST-50)
  NoData,       ///< a query was answered, with nothing (MET-02)
  Unavailable,  ///< nobody answered, or answered with an error: exit 3 at start
  Timeout,      ///< no answer in time
  Output,       ///< an output could not be written: exit 6
};

/// One failure: what happened, where (file, line, field path; outermost first) and what to do about
/// it.
struct Error {
  ErrorKind kind = ErrorKind::Invalid;
  std::string message;
  std::string where{};
  std::string hint{};

  friend bool operator==(const Error&, const Error&) = default;
};

/// A value, or the reason why there is none. tl::expected speaks std::expected's words (GCC 12 has
/// no C++23).
template <class T>
using Result = tl::expected<T, Error>;

/// `return fail(ErrorKind::NotFound, "deployment {} not found", name);`
template <class... Args>
[[nodiscard]] tl::unexpected<Error> fail(ErrorKind kind, fmt::format_string<Args...> text,
                                         Args&&... args) {
  return tl::unexpected<Error>(Error{kind, fmt::format(text, std::forward<Args>(args)...)});
}

/// `.map_error(in(path))`: says where, as an error travels up.
[[nodiscard]] inline auto in(std::string where) {
  return [where = std::move(where)](Error error) {
    error.where = error.where.empty() ? where : where + ": " + error.where;
    return error;
  };
}

/// "where: message", as one line.
[[nodiscard]] inline std::string to_string(const Error& error) {
  return error.where.empty() ? error.message : error.where + ": " + error.message;
}

}  // namespace volary
