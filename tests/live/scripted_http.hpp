#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "live/http.hpp"

namespace volary::live {

/// Answers from a script, and remembers what was asked.
class ScriptedHttp : public Http {
 public:
  std::deque<Result<HttpResponse>> answers;
  std::vector<HttpRequest> asked;

  ScriptedHttp() = default;
  ScriptedHttp(const ScriptedHttp& other)
      : Http{other}, answers{other.answers}, asked{other.asked} {}
  ScriptedHttp& operator=(const ScriptedHttp& other) {
    answers = other.answers;
    asked = other.asked;
    return *this;
  }

  Result<HttpResponse> send(const HttpRequest& request) override {
    const std::lock_guard lock{guard_};
    asked.push_back(request);
    if (answers.empty()) return HttpResponse{.status = 200, .headers = {}, .body = {}};
    auto answer = answers.front();
    answers.pop_front();
    return answer;
  }
  static Result<HttpResponse> status(int code, std::string body = {}) {
    return HttpResponse{.status = code, .headers = {}, .body = std::move(body)};
  }

 private:
  std::mutex guard_;
};

}  // namespace volary::live
