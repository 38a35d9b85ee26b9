#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/canary.hpp"
#include "engine/result.hpp"

namespace volary {

struct Node;  // document.hpp

/// Where something was written.
struct Mark {
  std::string file;
  int line = 0;    ///< from 1; 0 = unknown
  int column = 0;  ///< from 1
  friend bool operator==(const Mark&, const Mark&) = default;
};
/// "canary.yaml:12:5".
[[nodiscard]] std::string to_string(const Mark& mark);

/// Something a person should know about a document that was accepted all the same: an unknown key
/// in one of Flagger's kinds, a kind that was skipped.
struct Remark {
  Mark at;
  std::string path;  ///< "spec.analysis.stepWieght"
  std::string text;
  std::string hint;  ///< "did you mean stepWeight?"
  friend bool operator==(const Remark&, const Remark&) = default;
};

/// The part of a Deployment, a DaemonSet or a Knative Service that a simulated world leans on.
struct WorkloadManifest {
  ObjectName name;
  std::string kind;
  std::optional<int> replicas;
  std::optional<int> progress_deadline_seconds;
  std::string max_surge = "25%", max_unavailable = "25%";
  int min_ready_seconds = 0;
  std::string image;
  Mark at;
};

/// The part of a HorizontalPodAutoscaler that a simulated world leans on.
struct AutoscalerManifest {
  ObjectName name;
  std::string target;
  int min_replicas = 1;
  int max_replicas = 1;
  std::optional<int> cpu_percent;
  Mark at;
};

/// One Canary with everything that was found beside it: the rules of one release.
struct Policy {
  std::string
      label;  ///< how tables call it: the Canary's name, or the file's where several share one
  std::string file;
  std::string source;  ///< the text of the documents, for reports
  Canary canary;
  Mark at;  ///< of the Canary document
  std::vector<MetricTemplate> templates;
  std::vector<AlertProvider> alert_providers;
  std::optional<WorkloadManifest> workload;      ///< the Canary's target, if it is in the files
  std::optional<AutoscalerManifest> autoscaler;  ///< of `autoscalerRef`, if it is in the files
  std::vector<Remark> remarks;
};

/// Reads every Canary of the files and what belongs to it; "-" is standard input. Several documents
/// a file, YAML or JSON; MetricTemplates and AlertProviders serve every Canary of the same call;
/// other kinds are used or skipped with a remark. Errors: Invalid with file, line and hint:
/// unreadable or hostile input (INV-41), schema violations (VAL-01..07), no Canary in any of the
/// files.
[[nodiscard]] Result<std::vector<Policy>> load_policies(const std::vector<std::string>& files);
/// The same from text that is already in hand; `name` stands for the file.
[[nodiscard]] Result<std::vector<Policy>> read_policies(std::string_view text,
                                                        const std::string& name);
/// The same from documents that are already in hand, whose places complaints then carry; `source`
/// stays empty.
[[nodiscard]] Result<std::vector<Policy>> policies_in(const std::vector<Node>& documents,
                                                      const std::string& name);

}  // namespace volary
