#include "tests/prometheus/server.hpp"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/prometheus/http.hpp"
#include "tests/support/scratch.hpp"

namespace volary::test {
namespace {

std::string value_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

double value_of(const std::string& text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text.ends_with("Inf"))
    return (text[0] == '-' ? -1 : 1) * std::numeric_limits<double>::infinity();
  return std::strtod(text.c_str(), nullptr);  // stod throws at what is denormal
}

std::string open_metrics(const std::vector<Series>& series) {
  std::string text;
  for (const Series& one : series) {
    std::string name, labels;
    for (const auto& [label, value] : one.labels) {
      if (label == "__name__") {
        name = value;
        continue;
      }
      std::string escaped;
      for (const char c : value) {
        if (c == '"' || c == '\\') escaped += '\\';
        escaped += c == '\n' ? "\\n" : std::string(1, c);
      }
      labels += fmt::format("{}{}=\"{}\"", labels.empty() ? "" : ",", label, escaped);
    }
    for (const promql::Sample& sample : one.samples)
      text += fmt::format("{}{{{}}} {} {}.{:03}\n", name, labels, value_text(sample.value),
                          sample.ms / 1000, sample.ms % 1000);
  }
  return text + "# EOF\n";
}

// --- remote write: protobuf in snappy, as few of their words as do -------------------------------

std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out + static_cast<char>(value);
}
std::string field(int number, std::string_view bytes) {
  return varint(static_cast<std::uint64_t>(number) << 3 | 2) + varint(bytes.size()) +
         std::string{bytes};
}

std::string write_request(const std::vector<Series>& series) {
  std::string request;
  for (const Series& one : series) {
    std::string message;
    for (const auto& [name, value] : one.labels)
      message += field(1, field(1, name) + field(2, value));
    for (const promql::Sample& sample : one.samples) {
      auto bits = std::bit_cast<std::uint64_t>(sample.value);
      std::string value = varint(1 << 3 | 1);
      for (int byte = 0; byte < 8; ++byte, bits >>= 8) value += static_cast<char>(bits);
      message +=
          field(2, value + varint(2 << 3 | 0) + varint(static_cast<std::uint64_t>(sample.ms)));
    }
    request += field(1, message);
  }
  return request;
}

/// Nothing compressed: literals of up to 64 KiB.
std::string snappy(std::string_view bytes) {
  std::string out = varint(bytes.size());
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, 65536);
    const std::size_t length = piece.size() - 1;
    out += static_cast<char>(61 << 2);
    out += static_cast<char>(length & 0xff);
    out += static_cast<char>(length >> 8);
    out += piece;
    bytes.remove_prefix(piece.size());
  }
  return out;
}

}  // namespace

PrometheusServer::PrometheusServer(const std::vector<Series>& series)
    : folder_{scratch("prometheus")} {
  std::filesystem::create_directories(folder_ + "/data");
  std::ofstream{folder_ + "/series.txt"} << open_metrics(series);
  std::ofstream{folder_ + "/prometheus.yml"} << "scrape_configs: []\n";
  const auto loaded = Child{{VOLARY_PROMTOOL, "tsdb", "create-blocks-from", "openmetrics",
                             folder_ + "/series.txt", folder_ + "/data"},
                            folder_ + "/promtool.log"}
                          .wait();
  if (loaded != 0) throw std::runtime_error{"promtool did not load the series"};
  // Another program may take the port between our asking and the server's: then another one.
  for (int attempt = 0; attempt < 3; ++attempt) {
    port_ = free_port();
    process_ = std::make_unique<Child>(
        std::vector<std::string>{VOLARY_PROMETHEUS, "--config.file=" + folder_ + "/prometheus.yml",
                                 "--storage.tsdb.path=" + folder_ + "/data",
                                 "--storage.tsdb.retention.time=100y",
                                 fmt::format("--web.listen-address=127.0.0.1:{}", port_),
                                 "--web.enable-remote-write-receiver"},
        folder_ + "/server.log");
    for (int tick = 0; tick < 600 && !process_->ended(); ++tick) {
      if (http(port_, "GET", "/-/ready").status == 200) return;
      usleep(50'000);
    }
  }
  std::ifstream log{folder_ + "/server.log"};
  throw std::runtime_error{"prometheus did not start: " +
                           std::string{std::istreambuf_iterator<char>{log}, {}}};
}

void PrometheusServer::append(const std::vector<Series>& series) {
  const Reply reply = http(port_, "POST", "/api/v1/write",
                           "Content-Encoding: snappy\r\nContent-Type: application/x-protobuf\r\n"
                           "X-Prometheus-Remote-Write-Version: 0.1.0\r\n",
                           snappy(write_request(series)));
  if (reply.status / 100 != 2) throw std::runtime_error{"remote write: " + reply.body};
}

Answer PrometheusServer::query(std::string_view text, std::int64_t at_ms) const {
  const Reply reply =
      http(port_, "POST", "/api/v1/query", "Content-Type: application/x-www-form-urlencoded\r\n",
           fmt::format("query={}&time={}.{:03}", form_encoded(text), at_ms / 1000, at_ms % 1000));
  if (reply.status == 0) throw std::runtime_error{"prometheus does not answer"};
  const auto json = nlohmann::json::parse(reply.body);
  Answer answer;
  if (json["status"] != "success") {
    answer.refused = true;
    answer.why = json["error"].get<std::string>();
    return answer;
  }
  const auto& data = json["data"];
  if (data["resultType"] == "scalar") {
    answer.scalar = true;
    answer.number = value_of(data["result"][1].get<std::string>());
    return answer;
  }
  if (data["resultType"] != "vector") {
    answer.refused = true;  // a matrix or a string: no check can use it
    answer.why = "it answers with a " + data["resultType"].get<std::string>();
    return answer;
  }
  for (const auto& element : data["result"]) {
    promql::Labels labels;
    for (const auto& [name, value] : element["metric"].items())
      labels.emplace_back(name, value.get<std::string>());
    answer.vector.emplace(std::move(labels), value_of(element["value"][1].get<std::string>()));
  }
  return answer;
}

}  // namespace volary::test
