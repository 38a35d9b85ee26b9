#include "tests/prometheus/expressions.hpp"

#include <algorithm>

namespace volary::test {

std::string Expressions::query() {
  std::string text = dice_.chance(90) ? vector(4) : scalar(4);
  // The last bit of a power is the mathematics library's, and a remainder makes it the first.
  if (text.find('^') != std::string::npos) std::ranges::replace(text, '%', '*');
  return text;
}

std::string Expressions::late_query() {
  late_ = true;
  std::string text = vector(1);
  late_ = false;
  return text;
}

std::string Expressions::word(std::string text) {
  if (dice_.chance(10))
    for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return text;
}

std::string Expressions::vector(int depth) {
  if (depth == 0) return selector();
  switch (dice_.below(14)) {
    case 0: return selector();
    case 1:
    case 2:
      return dice_.pick({"rate", "increase", "rate", "increase", "delta", "irate", "idelta"}) +
             "(" + range() + ")";
    case 3:
      return dice_.pick({"sum", "avg", "min", "max", "count", "last"}) + "_over_time(" + range() +
             ")";
    case 4:
    case 5:
    case 6: return aggregate(depth);
    case 7:
    case 8:
    case 9: return binary(depth);
    case 10: return dice_.chance(50) ? "-" + vector(depth - 1) : "(" + vector(depth - 1) + ")";
    case 11:
      return "histogram_quantile(" + scalar(depth - 1) + ", " +
             (dice_.chance(60) ? "sum by (le" + dice_.pick({"", ", pod"}) + ") (rate(" +
                                     dice_.pick({"latency_bucket", "osm_request_duration_ms_bucket",
                                                 "envoy_cluster_upstream_rq_time_bucket"}) +
                                     "[" + duration() + "]))"
                               : vector(depth - 1)) +
             ")";
    case 12:
      return dice_.pick({"abs", "ceil", "floor", "sqrt", "round"}) + "(" + vector(depth - 1) + ")";
    default:
      switch (dice_.below(4)) {
        case 0:
          return dice_.pick({"clamp_min", "clamp_max", "round"}) + "(" + vector(depth - 1) + ", " +
                 scalar(depth - 1) + ")";
        case 1: return "vector(" + scalar(depth - 1) + ")";
        case 2: return "absent(" + vector(depth - 1) + ")";
        default: return vector(depth - 1) + offset();
      }
  }
}

std::string Expressions::scalar(int depth) {
  if (depth == 0) return number();
  switch (dice_.below(7)) {
    case 0: return "scalar(" + vector(depth - 1) + ")";
    case 1:
      return scalar(depth - 1) + " " + dice_.pick({"+", "-", "*", "/", "%", "^"}) + " " +
             scalar(depth - 1);
    case 2:
      return "(" + scalar(depth - 1) + dice_.pick({"==", "!=", "<", ">", "<=", ">="}) + " " +
             word("bool") + " " + scalar(depth - 1) + ")";
    case 3: return "-" + scalar(depth - 1);
    default: return number();
  }
}

std::string Expressions::number() {
  return dice_.pick({"0",    "1",   "2",     "0.5",  "0.9",  "0.99", "-1",
                     "1e3",  "100", "3.25",  ".5",   "0x1F", "Inf",  "-Inf",
                     "+inf", "NaN", "0.001", "1e-3", "60",   "2.",   "010"});
}

std::string Expressions::duration() {
  return dice_.pick({"15s", "30s", "1m", "1m", "2m", "1m30s", "5m", "10m", "45s", "14999ms", "1h"});
}

std::string Expressions::offset() {
  return " " + word("offset") + " " + dice_.pick({"", "-"}) + duration();
}

std::string Expressions::selector() {
  std::string text;
  if (late_) {
    text = dice_.pick({"fading", "fading_total"});
    if (dice_.chance(40)) text += "{pod=~\"[" + dice_.pick({"ab", "cd", "a-d", "ef"}) + "]\"}";
  } else if (dice_.chance(6)) {
    text = dice_.pick({"{__name__=~\"load|spare\"}", "{__name__=~\"(requests|errors)_total\"}",
                       "{__name__!~\".*_.*\", pod=\"a\"}", "{__name__=\"load\"}",
                       "{zone=\"x\",__name__=~\".+\"}", "{pod=\"b\", __name__!=\"spare\"}"});
  } else {
    text = dice_.pick({"requests_total", "errors_total", "jobs:done_total", "load", "spare",
                       "limit", "odd", "latency_bucket", "istio_requests_total", "absent_total",
                       "requests_total", "errors_total", "load", "spare", "limit"});
    if (dice_.chance(50)) text += "{" + matchers() + "}";
  }
  return text + (dice_.chance(7) ? offset() : "");
}

std::string Expressions::matchers() {
  std::string text;
  for (auto many = dice_.below(3); many >= 0; --many) {
    if (!text.empty()) text += ", ";
    text += dice_.pick({"pod=\"a\"",         "pod!=\"b\"",        "pod=~\"a|b\"", "pod=~\"web\"",
                        "pod=~\"web.*\"",    "pod!~\"[ac]\"",     "zone=\"\"",    "zone!=\"\"",
                        "zone=~\"x?\"",      "zone!~\"x\"",       "zone=~\".*\"", "zone=~\".+\"",
                        "code=~\"5..\"",     "code!~'5.*'",       "code=`200`",   "none=\"\"",
                        "none!=\"x\"",       "none=~\"|y\"",      "none!~\".+\"", "pod=~\"(?i)A\"",
                        "pod=~\"q\\\"u.*\"", "pod=~\"q(?s:.*)\"", "Job=\"é\"",    "Job=\"\\u00e9\"",
                        "zone=\"x\"",        "zone=\"y\"",        "unit=\"core\""});
  }
  return text + (dice_.chance(5) ? "," : "");
}

std::string Expressions::range() {
  std::string text = selector();
  std::string after;
  // The range stands between a selector and its offset.
  if (const auto at = text.find(" offset"); at != std::string::npos) {
    after = text.substr(at);
    text.resize(at);
  } else if (const auto shout = text.find(" OFFSET"); shout != std::string::npos) {
    after = text.substr(shout);
    text.resize(shout);
  }
  return text + "[" + duration() + "]" + after;
}

std::string Expressions::labels() {
  return "(" +
         dice_.pick({"", "pod", "zone", "pod, zone", "code", "pod,code", "le", "none", "__name__",
                     "zone,", "pod, zone", "zone", "pod"}) +
         ")";
}

std::string Expressions::aggregate(int depth) {
  const std::string name = word(dice_.pick({"sum", "avg", "min", "max", "count"}));
  const std::string clause =
      dice_.chance(75) ? word(dice_.pick({"by", "without"})) + " " + labels() : "";
  const std::string inside = "(" + vector(depth - 1) + ")";
  return dice_.chance(50) ? name + " " + clause + " " + inside : name + inside + " " + clause;
}

std::string Expressions::binary(int depth) {
  const auto chosen = dice_.below(10);
  const bool set = chosen == 0, comparison = chosen >= 1 && chosen <= 3;
  std::string op = set          ? word(dice_.pick({"and", "or", "unless"}))
                   : comparison ? dice_.pick({"==", "!=", "<", ">", "<=", ">="})
                                : dice_.pick({"+", "-", "*", "/", "%", "^", "/", "*"});
  if (comparison && dice_.chance(40)) op += " " + word("bool");
  if (!set && dice_.chance(35)) {
    const bool left = dice_.chance(50);
    const std::string a = scalar(depth - 1), b = vector(depth - 1);
    return left ? a + " " + op + " " + b : b + " " + op + " " + a;
  }
  if (dice_.chance(50)) {
    op += " " + word(dice_.pick({"on", "ignoring"})) + labels();
    if (!set && dice_.chance(35)) {
      op += " " + word(dice_.pick({"group_left", "group_right"}));
      op += dice_.pick({"", "()", "(unit)", "(zone)", "(none)", "(unit, pod)"});
    }
  }
  // The shapes that people match, beside whatever comes.
  std::string left = vector(depth - 1), right = vector(depth - 1);
  if (dice_.chance(35))
    left = dice_.pick({"load", "sum by (pod, zone) (load)", "rate(requests_total[1m])"});
  if (dice_.chance(35))
    right = dice_.pick({"spare", "limit", "sum by (zone) (limit)", "rate(errors_total[1m])"});
  return left + " " + op + " " + right;
}

}  // namespace volary::test
