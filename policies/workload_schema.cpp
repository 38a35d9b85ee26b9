#include "policies/flagger_schemas.hpp"

/// The parts of other people's kinds that a simulated world leans on: Deployment, DaemonSet,
/// HorizontalPodAutoscaler, KEDA's ScaledObject. What else stands in them is none of our business,
/// so their tables are open.
namespace volary {
namespace {

struct Container {
  std::string image;
};

const Schema<WorkloadManifest>& rolling_update_schema() {
  static const Schema<WorkloadManifest> schema = Schema<WorkloadManifest>{
      "RollingUpdate",
      {field("maxSurge", &WorkloadManifest::max_surge, int_or_text()),
       field("maxUnavailable", &WorkloadManifest::max_unavailable,
             int_or_text())}}.open();
  return schema;
}

struct Strategy {
  std::optional<WorkloadManifest> rolling_update;
};
const Schema<Strategy>& strategy_schema() {
  static const Schema<Strategy> schema = Schema<Strategy>{
      "Strategy",
      {field(
          "rollingUpdate", &Strategy::rolling_update,
          object(rolling_update_schema()))}}.open();
  return schema;
}

struct PodSpec {
  std::vector<Container> containers;
};
struct PodTemplate {
  PodSpec spec;
};
Format<PodTemplate> pod_template() {
  static const Schema<Container> container =
      Schema<Container>{"Container", {field("image", &Container::image, text())}}.open();
  static const Schema<PodSpec> spec = Schema<PodSpec>{
      "PodSpec",
      {field("containers", &PodSpec::containers,
             list_of(object(container)))}}.open();
  static const Schema<PodTemplate> schema =
      Schema<PodTemplate>{"PodTemplate", {field("spec", &PodTemplate::spec, object(spec))}}.open();
  return object(schema);
}

const Schema<WorkloadManifest>& workload_spec_schema() {
  const auto take_strategy = [](WorkloadManifest& into, const Strategy& strategy) {
    if (!strategy.rolling_update) return;
    into.max_surge = strategy.rolling_update->max_surge;
    into.max_unavailable = strategy.rolling_update->max_unavailable;
  };
  static const Schema<WorkloadManifest> schema = Schema<WorkloadManifest>{
      "WorkloadSpec",
      {
          field("replicas", &WorkloadManifest::replicas, integer(0)),
          field("progressDeadlineSeconds", &WorkloadManifest::progress_deadline_seconds,
                integer(0)),
          field("minReadySeconds", &WorkloadManifest::min_ready_seconds, integer(0)),
          field_into<WorkloadManifest>("strategy", object(strategy_schema()), take_strategy),
          field_into<WorkloadManifest>("updateStrategy", object(strategy_schema()), take_strategy),
          field_into<WorkloadManifest>("template", pod_template(),
                                       [](WorkloadManifest& into, const PodTemplate& pods) {
                                         if (!pods.spec.containers.empty())
                                           into.image = pods.spec.containers.front().image;
                                       }),
      }}.open();
  return schema;
}

struct ScaleTarget {
  std::string name;
};
Format<ScaleTarget> scale_target() {
  static const Schema<ScaleTarget> schema = Schema<ScaleTarget>{
      "ScaleTargetRef",
      {field("name", &ScaleTarget::name, text(),
             {.required = true})}}.open();
  return object(schema);
}

Field<AutoscalerManifest> scale_target_field() {
  return field_into<AutoscalerManifest>(
      "scaleTargetRef", scale_target(),
      [](AutoscalerManifest& into, ScaleTarget target) { into.target = std::move(target.name); },
      {.required = true});
}

/// autoscaling/v2: the first resource metric that watches CPU utilization.
std::optional<int> cpu_percent(const Node& spec) {
  const Node* metrics = spec.find("metrics");
  if (!metrics) return std::nullopt;
  for (const Node& metric : metrics->items) {
    if (metric.text_at({"resource", "name"}) != "cpu") continue;
    const Node* percent = metric.find({"resource", "target", "averageUtilization"});
    Reader quiet{Dialect::Kubernetes};
    if (percent) return integer(1, 1000).read(*percent, quiet);
  }
  return std::nullopt;
}

const Schema<AutoscalerManifest>& hpa_spec_schema() {
  static const Schema<AutoscalerManifest> schema = Schema<AutoscalerManifest>{
      "HorizontalPodAutoscalerSpec",
      {
          scale_target_field(),
          field("minReplicas", &AutoscalerManifest::min_replicas, integer(0)),
          field("maxReplicas", &AutoscalerManifest::max_replicas, integer(1), {.required = true}),
          // read from the list of metrics by the table above this one
          known("metrics"),
          known("behavior"),
      }}.open();
  return schema;
}

const Schema<AutoscalerManifest>& scaled_object_spec_schema() {
  static const Schema<AutoscalerManifest> schema = Schema<AutoscalerManifest>{
      "ScaledObjectSpec",
      {
          scale_target_field(),
          field("minReplicaCount", &AutoscalerManifest::min_replicas, integer(0)),
          field("maxReplicaCount", &AutoscalerManifest::max_replicas, integer(1)),
      }}.open();
  return schema;
}

template <class T>
Schema<T> manifest(std::string name, Format<T> spec) {
  return Schema<T>{
      std::move(name),
      {
          field_into<T>("spec", std::move(spec),
                        [](T& into, T read) {
                          read.name = std::move(into.name);
                          into = std::move(read);
                        },
                        {.required = true}),
          field_into<T>("metadata", object(object_meta_schema()),
                        [](T& into, ObjectMeta meta) { into.name = std::move(meta.name); },
                        {.required = true}),
      }}
      .open();
}

}  // namespace

const Schema<WorkloadManifest>& workload_schema() {
  static const Schema<WorkloadManifest> schema =
      manifest("Workload", object(workload_spec_schema()));
  return schema;
}

const Schema<AutoscalerManifest>& hpa_schema() {
  Format<AutoscalerManifest> spec = object(hpa_spec_schema());
  spec.read = [read = spec.read](const Node& node, Reader& reader) {
    auto value = read(node, reader);
    if (value) value->cpu_percent = cpu_percent(node);
    return value;
  };
  static const Schema<AutoscalerManifest> schema =
      manifest("HorizontalPodAutoscaler", std::move(spec));
  return schema;
}

const Schema<AutoscalerManifest>& scaled_object_schema() {
  static const Schema<AutoscalerManifest> schema = manifest("ScaledObject", [] {
    // KEDA's own defaults: 0 to 100 replicas
    Format<AutoscalerManifest> spec = object(scaled_object_spec_schema());
    spec.read = [](const Node& node, Reader& reader) {
      return scaled_object_spec_schema().read(node, reader,
                                              {.min_replicas = 0, .max_replicas = 100});
    };
    return spec;
  }());
  return schema;
}

}  // namespace volary
