#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "live/metrics/parts.hpp"
#include "live/rfc3339.hpp"

/// InfluxDB 2 with Flux, whose answers are annotated CSV. Source: PRV-60 … PRV-62, MT-26.
namespace volary::live {
namespace {

using namespace std::chrono_literals;
using nlohmann::ordered_json;

using Row = std::vector<std::string>;
constexpr std::size_t most_columns = 1000;

/// RFC 4180, a row at a time: an answer of nothing but line ends must not become a row each.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : text_{text} {}

  [[nodiscard]] bool more() const { return at_ < text_.size(); }

  /// Precondition: more(). Errors: Invalid for an open quote or a quote in mid text.
  [[nodiscard]] Result<Row> next() {
    Row row;
    do {
      auto cell = next_cell();
      if (!cell) return tl::unexpected(cell.error());
      row.push_back(*std::move(cell));
      if (row.size() > most_columns) return unexpected_shape("CSV of reasonable width");
    } while (skip(','));
    const bool returned = skip('\r');
    if (!skip('\n') && (returned || more())) return unexpected_shape("CSV");
    return row;
  }

 private:
  bool skip(char c) {
    if (!more() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Result<std::string> next_cell() {
    std::string cell;
    if (!skip('"')) {
      while (more() && text_[at_] != ',' && text_[at_] != '\r' && text_[at_] != '\n')
        cell += text_[at_++];
      return cell;
    }
    for (;;) {
      if (!more()) return unexpected_shape("whole CSV");
      const char c = text_[at_++];
      if (c == '"' && !skip('"')) break;
      cell += c;
    }
    if (more() && text_[at_] != ',' && text_[at_] != '\r' && text_[at_] != '\n')
      return unexpected_shape("CSV");
    return cell;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

/// What is read of the tables: the first record, and how many tables there are.
struct Tables {
  struct Record {
    std::string type, value, time;
  };
  std::optional<Record> first;
  int count = 0;
  std::string error;  ///< a query may fail after the answer began
};

std::string cell(const Row& row, std::size_t column) {
  return column < row.size() ? row[column] : std::string{};
}

Result<Tables> tables_of(std::string_view text) {
  CsvReader reader{text};
  Tables tables;
  Row types, defaults, header;
  std::vector<std::string> seen;
  int block = 0;
  while (reader.more()) {
    const auto read = reader.next();
    if (!read) return tl::unexpected(read.error());
    const Row& row = *read;
    if (row.size() == 1 && row.front().empty()) {  // a blank line ends a block
      types = defaults = header = {};
      continue;
    }
    if (row.front().starts_with('#')) {
      if (!header.empty()) types = defaults = header = {};
      if (row.front() == "#datatype") types = row;
      if (row.front() == "#default") defaults = row;
      continue;
    }
    if (header.empty()) {
      header = row;
      ++block;
      continue;
    }
    if (row.size() != header.size()) return unexpected_shape("CSV of rows with equal width");
    const auto column = [&](std::string_view name) {
      return static_cast<std::size_t>(std::find(header.begin(), header.end(), name) -
                                      header.begin());
    };
    const auto value = [&](std::string_view name) {
      const std::string written = cell(row, column(name));
      return written.empty() ? cell(defaults, column(name)) : written;
    };
    if (column("error") < header.size() && column("_value") == header.size()) {
      tables.error = value("error");
      return tables;
    }
    if (column("_value") == header.size()) return unexpected_shape("a table with a column _value");
    const std::string table = fmt::format("{}/{}", block, value("table"));
    if (std::find(seen.begin(), seen.end(), table) == seen.end()) {
      if (seen.size() == most_series)
        return fail(ErrorKind::Invalid, "the query answers more than {} series", most_series);
      seen.push_back(table);
    }
    if (!tables.first)
      tables.first = {cell(types, column("_value")), value("_value"), value("_time")};
  }
  tables.count = static_cast<int>(seen.size());
  return tables;
}

class InfluxDb final : public HttpProvider {
 public:
  Result<HttpRequest> request(const MetricQuestion& question) const override {
    const auto base = base_url(question.address, {});
    if (!base) return tl::unexpected(base.error());
    std::string org;
    HttpRequest request{.method = HttpRequest::Method::Post,
                        .url = {},
                        .headers = {{"Content-Type", "application/json"}, {"Accept", "text/csv"}},
                        .body = {},
                        .timeout = 15s,
                        .proxy = {}};
    if (question.has_secret) {
      const auto token = secret_key(question, "token");
      if (!token) return tl::unexpected(token.error());
      const auto named = secret_key(question, "org");
      if (!named) return tl::unexpected(named.error());
      request.headers.emplace_back("Authorization", "Token " + *token);
      org = *named;
    }
    request.url = *base + "/api/v2/query?" + query_text({{"org", org}});
    request.body = ordered_json{
        {"query", question.query},
        {"type", "flux"},
        {"dialect",
         {{"annotations", {"datatype", "group", "default"}},
          {"delimiter", ","},
          {"header",
           true}}}}.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
    return request;
  }

  Result<Measurement> read(const MetricQuestion& question,
                           const HttpResponse& response) const override {
    if (auto good = accepted(question, response); !good) return tl::unexpected(good.error());
    if (response.body.size() > request_limit)
      return fail(ErrorKind::Invalid, "response too large: more than 4 MiB");
    const auto tables = tables_of(response.body);
    if (!tables) return tl::unexpected(tables.error());
    if (!tables->error.empty())
      return fail(ErrorKind::Invalid, "the query failed: {}", shown(question, tables->error));
    Measurement measurement{
        .value = 0, .series = 1, .newest = {}, .window = {}, .samples = std::nullopt};
    if (!tables->first) {
      if (question.strict()) return no_values();
      return measurement;  // Q-22
    }
    if (tables->first->value.empty()) return no_values();  // null
    if (tables->first->type != "double")                   // PRV-61
      return fail(ErrorKind::Invalid, "the value is of type {}, where a float is wanted",
                  tables->first->type.empty() ? "unknown" : shown(question, tables->first->type));
    const auto value = number_in(tables->first->value, question.compat);
    if (!value) return unexpected_shape("a float");
    measurement.value = *value;
    measurement.series = tables->count;
    if (!tables->first->time.empty()) {
      const auto time = rfc3339(std::string_view{tables->first->time});
      if (!time && question.strict()) return unexpected_shape("a record with a time");
      measurement.newest = time.value_or(Instant{});
    }
    return measurement;
  }

  Result<HttpRequest> online_request(const MetricQuestion& question) const override {
    MetricQuestion test = question;
    test.query = R"(from(bucket: "default") |> range(start: -2h))";
    return request(test);
  }
  Result<void> read_online(const MetricQuestion& question,
                           const HttpResponse& response) const override {
    return accepted(question, response);
  }

 private:
  static constexpr std::size_t request_limit = std::size_t{4} << 20;
};

}  // namespace

const HttpProvider& influxdb_provider() {
  static const InfluxDb provider;
  return provider;
}

}  // namespace volary::live
