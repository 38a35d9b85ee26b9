#include "policies/objects.hpp"

#include <iterator>

#include "policies/flagger_schemas.hpp"

namespace volary {
namespace {

template <class T>
Result<T> read(const Schema<T>& schema, const Node& document, std::vector<Remark>& remarks) {
  Reader reader{Dialect::Kubernetes};
  std::optional<T> value = schema.read(document, reader);
  std::copy(reader.remarks().begin(), reader.remarks().end(), std::back_inserter(remarks));
  if (!value || !reader.good()) return tl::unexpected(reader.error());
  return *std::move(value);
}

}  // namespace

Result<Canary> read_canary(const Node& document, std::vector<Remark>& remarks) {
  return read(canary_schema(), document, remarks);
}

Result<MetricTemplate> read_metric_template(const Node& document, std::vector<Remark>& remarks) {
  return read(metric_template_schema(), document, remarks);
}

Result<AlertProvider> read_alert_provider(const Node& document, std::vector<Remark>& remarks) {
  return read(alert_provider_schema(), document, remarks);
}

}  // namespace volary
