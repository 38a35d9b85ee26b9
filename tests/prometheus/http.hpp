#pragma once

#include <string>
#include <string_view>

namespace volary::test {

/// A port of the loopback interface that nobody listens on.
[[nodiscard]] int free_port();

struct Reply {
  int status = 0;  ///< 0: nobody answered
  std::string body;
};
/// One request to 127.0.0.1, blocking, one connection.
[[nodiscard]] Reply http(int port, std::string_view method, std::string_view path,
                         std::string_view headers = "", std::string_view body = "");

/// As in a form.
[[nodiscard]] std::string form_encoded(std::string_view text);

}  // namespace volary::test
