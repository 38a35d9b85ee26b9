#include <algorithm>
#include <iterator>
#include <tuple>

#include <fmt/format.h>

#include "policies/flagger_schemas.hpp"
#include "policies/policy.hpp"

namespace volary {
namespace {

/// Everything of one call, in the order it was read.
struct Found {
  struct Template {
    std::string file;
    MetricTemplate value;
  };
  struct Provider {
    std::string file;
    AlertProvider value;
  };
  std::vector<Policy> policies;
  std::vector<Template> templates;
  std::vector<Provider> providers;
  std::vector<WorkloadManifest> workloads;
  std::vector<std::pair<std::string, AutoscalerManifest>> autoscalers;  ///< by kind
  std::vector<Remark> remarks;
};

class Loader {
 public:
  Result<void> add(const std::string& text, const std::string& file) {
    auto documents = parse_documents(text, file);
    if (!documents) return tl::unexpected(documents.error());
    return add(*documents, text, file);
  }

  Result<void> add(const std::vector<Node>& documents, const std::string& text,
                   const std::string& file) {
    for (const Node& document : documents) {
      if (auto added = add_document(document, text, file); !added) return added;
    }
    return {};
  }

  Result<std::vector<Policy>> take(const std::vector<std::string>& files) {
    if (found_.policies.empty())
      return tl::unexpected(
          Error{ErrorKind::Invalid, "no Canary in any of the files",
                printable(fmt::format("{}", fmt::join(files, ", ")), 200),
                "a policy is a document of kind Canary, apiVersion flagger.app/v1beta1"});
    for (Policy& policy : found_.policies) complete(policy);
    name_apart();
    hand_out_remarks();
    return std::move(found_.policies);
  }

 private:
  template <class T>
  Result<T> read(const Schema<T>& schema, const Node& document, std::vector<Remark>& remarks) {
    Reader reader{Dialect::Kubernetes};
    std::optional<T> value = schema.read(document, reader);
    std::copy(reader.remarks().begin(), reader.remarks().end(), std::back_inserter(remarks));
    if (value && reader.good()) return *std::move(value);
    Error error = reader.error();
    if (document.find({"spec", "canaryAnalysis"}) && !document.find({"spec", "analysis"}))
      error.hint = "canaryAnalysis is called analysis since v1beta1 (CR-05)";
    return tl::unexpected(std::move(error));
  }

  /// The same object twice in one file: kubectl would apply the last one in silence.
  static tl::unexpected<Error> twice(const Node& document, const ObjectName& name) {
    return tl::unexpected(error_at(
        document.at, {},
        fmt::format("{} {} stands in this file twice", document.text_at({"kind"}), to_string(name)),
        "put variants of one policy into files of their own"));
  }

  /// Adds what is new; the very same object again is harmless.
  template <class T, class Schemas>
  Result<void> add_beside(const Node& document, const std::string& file, const Schemas& schema,
                          std::vector<T>& all) {
    auto value = read(schema, document, found_.remarks);
    if (!value) return tl::unexpected(value.error());
    for (const T& known : all) {
      if (known.file != file || known.value.name != value->name) continue;
      if (known.value == *value) return {};
      return twice(document, value->name);
    }
    all.push_back({file, *std::move(value)});
    return {};
  }

  Result<void> add_document(const Node& document, const std::string& text,
                            const std::string& file) {
    const std::string_view kind = document.text_at({"kind"});
    const std::string_view api = document.text_at({"apiVersion"});
    if (kind.empty() || api.empty())
      return tl::unexpected(
          error_at(document.at, {}, "is no Kubernetes object: it has no apiVersion and kind",
                   "a policy begins with apiVersion: flagger.app/v1beta1, kind: Canary"));
    if (kind.ends_with("List") && document.find("items")) return add_list(document, text, file);
    if (api.starts_with("flagger.app/")) return add_flagger_kind(document, kind, api, text, file);
    const bool knative = api == "serving.knative.dev/v1" && kind == "Service";  // CR-36
    if (knative || (api == "apps/v1" && (kind == "Deployment" || kind == "DaemonSet"))) {
      auto workload = read(workload_schema(), document, found_.remarks);
      if (!workload) return tl::unexpected(workload.error());
      workload->kind = kind;
      workload->at = document.at;
      found_.workloads.push_back(*std::move(workload));
      return {};
    }
    const bool hpa = kind == "HorizontalPodAutoscaler" && api == "autoscaling/v2";
    if (hpa || (kind == "ScaledObject" && api.starts_with("keda.sh/"))) {
      auto scaler = read(hpa ? hpa_schema() : scaled_object_schema(), document, found_.remarks);
      if (!scaler) return tl::unexpected(scaler.error());
      scaler->at = document.at;
      found_.autoscalers.emplace_back(kind, *std::move(scaler));
      return {};
    }
    if (kind == "HorizontalPodAutoscaler")
      remark(document, fmt::format("{} is skipped", printable(api)),
             "Flagger reads autoscaling/v2 (CR-41)");
    else
      skip(document, kind);
    return {};
  }

  Result<void> add_list(const Node& list, const std::string& text, const std::string& file) {
    for (const Node& item : list.find("items")->items)
      if (auto added = add_document(item, text, file); !added) return added;
    return {};
  }

  Result<void> add_flagger_kind(const Node& document, std::string_view kind, std::string_view api,
                                const std::string& text, const std::string& file) {
    if (api != "flagger.app/v1beta1")  // CR-02
      remark(document, fmt::format("{} is read as flagger.app/v1beta1", printable(api)),
             "v1beta1 is the only version that is served");
    if (kind == "Canary") {
      Policy policy;
      auto canary = read(canary_schema(), document, policy.remarks);
      if (!canary) return tl::unexpected(canary.error());
      policy.canary = *std::move(canary);
      policy.file = file;
      policy.source = text;
      policy.at = document.at;
      for (const Policy& known : found_.policies)
        if (known.file == file && known.canary.name == policy.canary.name)
          return twice(document, known.canary.name);
      found_.policies.push_back(std::move(policy));
    } else if (kind == "MetricTemplate") {
      return add_beside(document, file, metric_template_schema(), found_.templates);
    } else if (kind == "AlertProvider") {
      return add_beside(document, file, alert_provider_schema(), found_.providers);
    } else {
      const std::string meant = nearest(kind, {"Canary", "MetricTemplate", "AlertProvider"});
      remark(document, fmt::format("{} is no kind of Flagger's", printable(kind)),
             meant.empty() ? meant : fmt::format("did you mean '{}'?", meant));
    }
    return {};
  }

  void remark(const Node& document, std::string text, std::string hint = {}) {
    found_.remarks.push_back({document.at, {}, std::move(text), std::move(hint)});
  }
  void skip(const Node& document, std::string_view kind) {
    remark(document, fmt::format("{} {} is skipped: policies do not lean on it", printable(kind),
                                 printable(document.text_at({"metadata", "name"}))));
  }

  /// What belongs to a Canary: the same file's objects go before another file's of the same name.
  void complete(Policy& policy) const {
    const auto own_first = [&](const auto& all, auto& into) {
      for (const bool own : {true, false})
        for (const auto& one : all) {
          if ((one.file == policy.file) != own) continue;
          const bool there = std::any_of(into.begin(), into.end(), [&](const auto& known) {
            return known.name == one.value.name;
          });
          if (!there) into.push_back(one.value);
        }
    };
    own_first(found_.templates, policy.templates);
    own_first(found_.providers, policy.alert_providers);

    const CanarySpec& spec = policy.canary.spec;
    const auto better = [&](const Mark& one, const Mark* other) {
      return !other || (one.file == policy.file && other->file != policy.file);
    };
    for (const WorkloadManifest& workload : found_.workloads)
      if (workload.kind == spec.target_ref.kind &&
          workload.name == ObjectName{policy.canary.name.ns, spec.target_ref.name} &&
          better(workload.at, policy.workload ? &policy.workload->at : nullptr))
        policy.workload = workload;
    remark_on_missing_templates(policy);
    if (!spec.autoscaler_ref) return;
    for (const auto& [kind, scaler] : found_.autoscalers)
      if (kind == spec.autoscaler_ref->kind &&
          scaler.name == ObjectName{policy.canary.name.ns, spec.autoscaler_ref->name} &&
          better(scaler.at, policy.autoscaler ? &policy.autoscaler->at : nullptr))
        policy.autoscaler = scaler;
  }

  /// A check on a template that does not exist fails every tick (MET-31); it may live elsewhere in
  /// the cluster, though.
  static void remark_on_missing_templates(Policy& policy) {
    const auto& metrics = policy.canary.spec.analysis.metrics;
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      if (!metrics[i].template_ref) continue;
      ObjectName wanted = *metrics[i].template_ref;
      if (wanted.ns.empty()) wanted.ns = policy.canary.name.ns;
      const bool there =
          std::any_of(policy.templates.begin(), policy.templates.end(),
                      [&](const MetricTemplate& known) { return known.name == wanted; });
      if (!there)
        policy.remarks.push_back(
            {policy.at, fmt::format("spec.analysis.metrics[{}].templateRef", i),
             fmt::format("MetricTemplate {} is in none of the files", to_string(wanted)),
             "give its file too, or the check fails every time"});
    }
  }

  /// Tables need a name for each policy: that of the Canary, else of the file, else of both.
  void name_apart() {
    auto& policies = found_.policies;
    const auto stem = [](const std::string& path) {
      std::string name = path.substr(path.find_last_of('/') + 1);
      for (const char* ending : {".yaml", ".yml", ".json"})
        if (name.size() > std::string_view{ending}.size() && name.ends_with(ending))
          return name.substr(0, name.size() - std::string_view{ending}.size());
      return name;
    };
    const auto alone = [&](auto name_of, const Policy& policy) {
      return 1 == std::count_if(policies.begin(), policies.end(), [&](const Policy& other) {
               return name_of(other) == name_of(policy);
             });
    };
    const auto by_name = [](const Policy& policy) { return policy.canary.name.name; };
    const auto by_stem = [&](const Policy& policy) { return stem(policy.file); };
    const auto by_both = [](const Policy& policy) {
      return fmt::format("{}:{}", policy.file, policy.canary.name.name);
    };
    for (Policy& policy : policies)
      policy.label = alone(by_name, policy)   ? by_name(policy)
                     : alone(by_stem, policy) ? by_stem(policy)
                     : alone(by_both, policy)
                         ? by_both(policy)
                         : fmt::format("{}:{}", policy.file, to_string(policy.canary.name));
  }

  /// Each remark is made once: by the first policy of its file, else by the first of all.
  void hand_out_remarks() {
    for (Remark& remark : found_.remarks) {
      const auto own =
          std::find_if(found_.policies.begin(), found_.policies.end(),
                       [&](const Policy& policy) { return policy.at.file == remark.at.file; });
      (own == found_.policies.end() ? found_.policies.front() : *own)
          .remarks.push_back(std::move(remark));
    }
    for (Policy& policy : found_.policies)
      std::stable_sort(policy.remarks.begin(), policy.remarks.end(),
                       [](const Remark& a, const Remark& b) {
                         return std::tie(a.at.file, a.at.line, a.at.column) <
                                std::tie(b.at.file, b.at.line, b.at.column);
                       });
  }

  Found found_;
};

}  // namespace

Result<std::vector<Policy>> load_policies(const std::vector<std::string>& files) {
  Loader loader;
  for (const std::string& file : files) {
    const auto text = read_file_or_stdin(file);
    if (!text) return tl::unexpected(text.error());
    if (auto added = loader.add(*text, file == "-" ? "standard input" : printable(file, 200));
        !added)
      return tl::unexpected(added.error());
  }
  return loader.take(files);
}

Result<std::vector<Policy>> read_policies(std::string_view text, const std::string& name) {
  Loader loader;
  if (auto added = loader.add(std::string{text}, name); !added)
    return tl::unexpected(added.error());
  return loader.take({name});
}

Result<std::vector<Policy>> policies_in(const std::vector<Node>& documents,
                                        const std::string& name) {
  Loader loader;
  if (auto added = loader.add(documents, {}, name); !added) return tl::unexpected(added.error());
  return loader.take({name});
}

}  // namespace volary
