#include "policies/policy_test.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include <fmt/format.h>

#include "policies/node_edit.hpp"
#include "policies/node_reader.hpp"

/// Reading `PolicyTest` documents: every key is known or refused with the nearest known one.
namespace volary {
namespace {

using Names = std::vector<std::string>;

/// Of one test: every tick is kept, to be shown or recorded.
constexpr long most_ticks = 100'000;

std::optional<int> whole_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_decimal(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() &&
         text.find_first_of("nN") == std::string_view::npos;
}

bool is_status(std::string_view text) {
  const auto status = whole_number(text);
  return status && text.size() == 3 && *status >= 100 && *status <= 599;
}

/// "60/40".
std::optional<std::pair<int, int>> weights(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto primary = whole_number(text.substr(0, slash));
  const auto canary = whole_number(text.substr(slash + 1));
  if (!primary || !canary) return std::nullopt;
  return std::pair{*primary, *canary};
}

/// What a row of one test is read against: the Canary as it stands after the patches so far.
struct Subject {
  std::string file;
  Node canary;
  Names checks, hooks;
};

Names names_in(const Node& canary, std::string_view list) {
  Names names;
  const Node* spec = canary.find("spec");
  const Node* analysis = spec ? spec->find("analysis") : nullptr;
  const Node* entries = analysis ? analysis->find(list) : nullptr;
  if (!entries) return names;
  for (const Node& entry : entries->items) {
    if (const Node* name = entry.find("name")) names.push_back(name->text);
    if (const Node* reference = entry.find("templateRef"))
      if (const Node* name = reference->find("name")) names.push_back(name->text);
  }
  return names;
}

class RowReader {
 public:
  RowReader(NodeReader& reader, Subject& subject, bool configs)
      : reader_{reader}, subject_{subject}, configs_{configs} {}

  TestRow read(const Node& row) {
    TestRow result;
    result.at = row.at;
    if (!reader_.is_map(row, "a tick")) return result;
    for (const auto& [key, value, at] : row.entries) {
      if (key == "expect") {
        result.has_expect = true;
        expect(value, result.claims);
      } else if (key == "repeat") {
        result.repeat = reader_.integer(value, "repeat", 1, 100000);
      } else if (key == "say") {
        say_in_turn(value, result.says);
      } else {
        say(key, at, value, result.says);
      }
    }
    return result;
  }

 private:
  /// A mapping holds a key once; where one thing happens twice, or in an order of its own, a list
  /// says it in turn.
  void say_in_turn(const Node& list, std::vector<Say>& says) {
    if (list.kind != Node::Kind::Sequence) reader_.complain(list.at, "say", "must be a list");
    for (const Node& item : list.items) {
      if (!reader_.is_map(item, "say")) return;
      for (const auto& [key, value, at] : item.entries) say(key, at, value, says);
    }
  }

  void say(const std::string& key, const Mark& at, const Node& value, std::vector<Say>& says) {
    static const Names known{
        "target",    "replicas",     "primaryReplicas", "config",       "secret", "deleteConfig",
        "workloads", "checks",       "metricsServer",   "hooks",        "patch",  "routes",
        "drift",     "deleteRoutes", "deletePrimary",   "deleteTarget", "age",    "fail",
        "delete",    "expect",       "repeat"};
    if (key == "target") {
      if (value.kind == Node::Kind::Map) {
        reader_.only(value, key, {"revision", "replicas"});
        say::Revision revision;
        if (const Node* name = value.find("revision"))
          revision.revision = reader_.text(*name, "target.revision");
        if (const Node* count = value.find("replicas"))
          revision.replicas = reader_.integer(*count, "target.replicas", 0, 1000000);
        if (revision.revision.empty()) reader_.complain(value.at, key, "names no revision");
        says.emplace_back(std::move(revision));
      } else {
        says.emplace_back(say::Revision{reader_.text(value, key), std::nullopt});
      }
    } else if (key == "replicas" || key == "primaryReplicas") {
      says.emplace_back(say::Replicas{key == "replicas" ? Role::Target : Role::Primary,
                                      reader_.integer(value, key, 0, 1000000)});
    } else if (key == "config" || key == "secret" || key == "deleteConfig") {
      if (!configs_)
        reader_.complain(value.at, key, "the target refers to no ConfigMap or Secret",
                         "say `world: {configs: true}`");
      if (key == "config") says.emplace_back(say::Config{reader_.text(value, key)});
      if (key == "secret") says.emplace_back(say::Secret{reader_.text(value, key)});
      if (key == "deleteConfig" && reader_.truth(value, key))
        says.emplace_back(say::DeleteConfig{});
    } else if (key == "workloads") {
      workloads(value, says);
    } else if (key == "checks") {
      checks(value, says);
    } else if (key == "metricsServer") {
      says.emplace_back(say::Server{check_answer(value, key)});
    } else if (key == "hooks") {
      hooks(value, says);
    } else if (key == "patch") {
      patch(value, says);
    } else if (key == "routes") {
      const auto split = weights(reader_.text(value, key));
      if (!split)
        reader_.complain(value.at, key,
                         fmt::format("'{}' is not a split such as 60/40", value.text));
      if (split) says.emplace_back(say::EditRoutes{split->first, split->second});
    } else if (key == "drift") {
      if (reader_.truth(value, key)) says.emplace_back(say::DriftRoutes{});
    } else if (key == "deleteRoutes") {
      if (reader_.truth(value, key)) says.emplace_back(say::DeleteRoutes{});
    } else if (key == "deletePrimary" || key == "deleteTarget") {
      if (reader_.truth(value, key))
        says.emplace_back(
            say::DeleteWorkload{key == "deletePrimary" ? Role::Primary : Role::Target});
    } else if (key == "age") {
      const auto age = go_parse_duration(reader_.text(value, key));
      if (!age)
        reader_.complain(value.at, key,
                         fmt::format("'{}' is not a duration such as 3h", value.text));
      if (age) says.emplace_back(say::Age{*age});
    } else if (key == "fail") {
      for (const Node& item :
           value.kind == Node::Kind::Sequence ? value.items : std::vector<Node>{value}) {
        const std::string name = reader_.one_of(item, key, write_class_names());
        if (const auto writes = write_class_named(name)) says.emplace_back(say::Refuse{*writes});
      }
    } else if (key == "delete") {
      if (reader_.truth(value, key)) says.emplace_back(say::DeleteCanary{});
    } else {
      reader_.unknown_key(at, key, "a tick", known);
    }
  }

  void workloads(const Node& value, std::vector<Say>& says) {
    if (!reader_.is_map(value, "workloads")) return;
    for (const auto& [name, state, at] : value.entries) {
      if (name != "canary" && name != "primary") {
        reader_.unknown_key(at, name, "workloads", {"canary", "primary"});
        continue;
      }
      say::Pods pods{name == "canary" ? Role::Target : Role::Primary, {}};
      if (state.kind == Node::Kind::Map) {
        reader_.only(state, "workloads." + name, {"available"});
        pods.state.kind = PodState::Kind::Available;
        if (const Node* available = state.find("available"))
          pods.state.available = reader_.integer(*available, "available", 0, 1000000);
      } else if (const auto kind = pod_state_named(
                     reader_.one_of(state, "workloads." + name, pod_state_names()))) {
        pods.state.kind = *kind;
      }
      says.emplace_back(pods);
    }
  }

  void checks(const Node& value, std::vector<Say>& says) {
    if (value.kind == Node::Kind::Scalar) {
      says.emplace_back(say::Check{{}, reader_.one_of(value, "checks", {"pass", "fail"})});
      return;
    }
    if (!reader_.is_map(value, "checks")) return;
    for (const auto& [name, answer, at] : value.entries) {
      if (name == "vector(1)") {  // PRV-09
        says.emplace_back(say::Server{check_answer(answer, "checks." + name)});
        continue;
      }
      if (!reader_.known_name(at, name, "check of the policy", subject_.checks)) continue;
      says.emplace_back(
          say::Check{name, check_answer(answer, "checks." + name, name == "request-duration")});
    }
  }

  /// `milliseconds`: 500 and 404 are numbers here; of every other check they are HTTP statuses.
  std::string check_answer(const Node& value, const std::string& path, bool milliseconds = false) {
    static const Names words{"no-data",      "NaN",  "+Inf",    "-Inf", "garbage",
                             "not-a-number", "drop", "timeout", "pass", "fail"};
    static const std::map<std::string, std::string> same{
        {".nan", "NaN"},   {".NaN", "NaN"},   {"Inf", "+Inf"},      {".inf", "+Inf"},
        {"+.inf", "+Inf"}, {"-.inf", "-Inf"}, {"empty", "no-data"}, {"abc", "not-a-number"}};
    std::string answer = reader_.text(value, path);
    if (!milliseconds && (answer == "500" || answer == "404")) return "http" + answer;
    if (is_decimal(answer)) return answer;
    if (answer.starts_with("http") && is_status(std::string_view{answer}.substr(4))) return answer;
    if (const auto word = same.find(answer); word != same.end()) return word->second;
    if (std::find(words.begin(), words.end(), answer) == words.end())
      reader_.complain(value.at, path, fmt::format("'{}' is not an answer", answer),
                       "a number, an HTTP status such as 500 or http503, or one of " +
                           fmt::format("{}", fmt::join(words, ", ")));
    return answer;
  }

  void hooks(const Node& value, std::vector<Say>& says) {
    if (!reader_.is_map(value, "hooks")) return;
    for (const auto& [name, answer, at] : value.entries) {
      if (!reader_.known_name(at, name, "webhook of the policy", subject_.hooks)) continue;
      const std::string text = reader_.text(answer, "hooks." + name);
      if (text != "ok" && text != "drop" && text != "timeout" && !is_status(text))
        reader_.complain(answer.at, "hooks." + name, fmt::format("'{}' is not an answer", text),
                         "ok, an HTTP status such as 503, drop or timeout");
      says.emplace_back(say::Hook{name, text});
    }
  }

  void patch(const Node& value, std::vector<Say>& says) {
    if (!reader_.is_map(value, "patch")) return;
    merge_patch(subject_.canary, value);
    subject_.checks = names_in(subject_.canary, "metrics");
    subject_.hooks = names_in(subject_.canary, "webhooks");
    auto read = policies_in({subject_.canary}, subject_.file);
    if (!read) {
      const Error& error = read.error();
      reader_.complain(value.at, "patch", "leaves no valid Canary: " + to_string(error),
                       error.hint);
      return;
    }
    says.emplace_back(say::Spec{read->front().canary.spec});
  }

  void expect(const Node& value, std::vector<Claim>& claims) {
    if (!reader_.is_map(value, "expect")) return;
    for (const auto& [key, wanted, at] : value.entries) {
      if (key == "target" || key == "primary") {
        workload_claims(key, wanted, claims);
        continue;
      }
      const auto field = field_named(key);
      if (!field) {
        Names known;
        for (int i = 0; i < test_fields; ++i) {
          std::string name{to_string(static_cast<TestField>(i))};
          known.push_back(name.substr(0, name.find('.')));
        }
        known.erase(std::unique(known.begin(), known.end()), known.end());
        reader_.unknown_key(at, key, "expect", known);
        continue;
      }
      Claim claim{*field, {}, wanted.at};
      if (*field == TestField::Calls) {
        claim.values = calls(wanted);
      } else if (happens(*field) || *field == TestField::Cookies) {
        claim.values = reader_.texts(wanted, "expect." + key);
      } else if (wanted.is_null()) {
        claim.values = {*field == TestField::Routes ? "none" : ""};
      } else {
        claim.values = {reader_.text(wanted, "expect." + key)};
      }
      check(claim, key);
      claims.push_back(std::move(claim));
    }
  }

  /// `smoke`, `smoke Progressing`, or the same as a list: [smoke, Progressing].
  Names calls(const Node& wanted) {
    Names calls;
    if (wanted.kind != Node::Kind::Sequence) return reader_.texts(wanted, "expect.calls");
    for (const Node& call : wanted.items)
      calls.push_back(call.is_sequence()
                          ? fmt::format("{}", fmt::join(reader_.texts(call, "expect.calls"), " "))
                          : reader_.text(call, "expect.calls"));
    return calls;
  }

  static std::optional<TestField> field_named(std::string_view name) {
    for (int i = 0; i < test_fields; ++i) {
      const auto field = static_cast<TestField>(i);
      if (to_string(field) == name) return field;
    }
    return std::nullopt;
  }

  void workload_claims(const std::string& key, const Node& wanted, std::vector<Claim>& claims) {
    const bool target = key == "target";
    const TestField replicas = target ? TestField::TargetReplicas : TestField::PrimaryReplicas;
    const TestField revision = target ? TestField::TargetRevision : TestField::PrimaryRevision;
    const auto count = [&](const Node& value) {
      const std::string text = value.is_null() ? "absent" : reader_.text(value, "expect." + key);
      if (text != "absent" && !whole_number(text))
        reader_.complain(value.at, "expect." + key,
                         fmt::format("'{}' is neither a number nor absent", text));
      claims.push_back({replicas, {text}, value.at});
    };
    if (wanted.kind != Node::Kind::Map) return count(wanted);
    reader_.only(wanted, "expect." + key, {"replicas", "revision"});
    if (const Node* value = wanted.find("replicas")) count(*value);
    if (const Node* value = wanted.find("revision"))
      claims.push_back(
          {revision, {reader_.text(*value, "expect." + key + ".revision")}, value->at});
  }

  /// What no engine could ever answer is a mistake of the test.
  void check(Claim& claim, const std::string& key) {
    const std::string path = "expect." + key;
    const auto refuse = [&](const std::string& text, std::string hint = {}) {
      reader_.complain(claim.at, path, fmt::format("'{}' can never be", text), std::move(hint));
    };
    switch (claim.field) {
      case TestField::Phase:
        if (!phase_named(claim.values.front()))
          refuse(claim.values.front(), "a phase such as Progressing");
        break;
      case TestField::CanaryWeight:
      case TestField::Iterations:
      case TestField::FailedChecks:
        if (!whole_number(claim.values.front())) refuse(claim.values.front(), "a whole number");
        break;
      case TestField::Routes:
        if (claim.values.front() != "none" && !weights(claim.values.front()))
          refuse(claim.values.front(), "a split such as 90/10, or none");
        break;
      case TestField::Mirror:
        if (claim.values.front() == "true" || claim.values.front() == "1") claim.values = {"on"};
        if (claim.values.front() == "false" || claim.values.front() == "0") claim.values = {"off"};
        if (claim.values.front() != "on" && claim.values.front() != "off")
          refuse(claim.values.front(), "on or off");
        break;
      case TestField::Gone:
        if (claim.values.front() != "true" && claim.values.front() != "false")
          refuse(claim.values.front());
        break;
      case TestField::Cookies:
        if (claim.values.size() != 3)
          reader_.complain(claim.at, path, "takes three cookies",
                           "[canary, previous, primary], \"\" for none");
        break;
      case TestField::Events:
        for (const std::string& event : claim.values) {
          const std::string name = event.substr(0, event.find_first_of("(|"));
          if (!event_named(name)) refuse(event, "an event such as EV-WEIGHT(20)");
        }
        break;
      default: break;
    }
  }

  NodeReader& reader_;
  Subject& subject_;
  bool configs_;
};

class TestReader {
 public:
  explicit TestReader(std::string file) : file_{std::move(file)} {}

  Result<PolicyTest> read(const Node& document, const std::vector<Node>& beside) {
    PolicyTest test;
    test.at = document.at;
    reader_.only(document, "PolicyTest", {"apiVersion", "kind", "metadata", "spec"});
    if (const Node* version = document.find("apiVersion"))
      reader_.one_of(*version, "apiVersion", {"volary.dev/v1alpha1"});
    const Node* metadata = document.find("metadata");
    if (metadata)
      reader_.only(*metadata, "metadata", {"name", "namespace", "labels", "annotations"});
    const Node* name = metadata ? metadata->find("name") : nullptr;
    if (name) test.name = reader_.text(*name, "metadata.name");
    if (test.name.empty()) test.name = file_;
    const Node* spec = document.find("spec");
    if (!spec) {
      reader_.complain(document.at, "spec", "is missing");
      return tl::unexpected(*reader_.error());
    }
    reader_.only(
        *spec, "spec",
        {"policy", "canary", "set", "compat", "start", "compare", "world", "templates", "ticks"});
    if (const Node* value = spec->find("compat"))
      test.compat = compat_named(reader_.one_of(*value, "compat", {"strict", "flagger"}))
                        .value_or(Compat::Strict);
    const Node* start = spec->find("start");
    if (start)
      test.from_creation = reader_.one_of(*start, "start", {"created", "adopted"}) == "created";
    if (const Node* value = spec->find("compare"))
      test.everything = reader_.one_of(*value, "compare", {"named", "everything"}) == "everything";
    if (reader_.error()) return tl::unexpected(*reader_.error());

    Subject subject;
    if (auto found = find_policy(*spec, beside, subject, test); !found)
      return tl::unexpected(found.error());
    const Node* ticks = spec->find("ticks");
    test.configs = ticks && says_configs(*ticks);
    if (const Node* world = spec->find("world")) read_world(*world, test);
    if (!ticks || ticks->kind != Node::Kind::Sequence || ticks->items.empty())
      reader_.complain(ticks ? ticks->at : spec->at, "ticks", "must be a list of ticks");
    RowReader rows{reader_, subject, test.configs};
    if (ticks)
      for (const Node& row : ticks->items) test.rows.push_back(rows.read(row));
    if (!start) test.from_creation = begins_at_creation(test);
    long total = 0;
    for (const TestRow& row : test.rows) {
      total += row.repeat;
      if (total <= most_ticks) continue;
      reader_.complain(row.at, "ticks", fmt::format("are more than {}", most_ticks));
      break;
    }
    if (reader_.error()) return tl::unexpected(*reader_.error());
    return test;
  }

 private:
  /// A row that changes a ConfigMap or Secret speaks of a target that refers to them.
  static bool says_configs(const Node& ticks) {
    static const Names words{"config", "secret", "deleteConfig"};
    const auto says = [](const Node& row) {
      return std::any_of(words.begin(), words.end(),
                         [&](const std::string& word) { return row.find(word) != nullptr; });
    };
    return std::any_of(ticks.items.begin(), ticks.items.end(), [&](const Node& row) {
      const Node* list = row.find("say");
      return says(row) || (list && std::any_of(list->items.begin(), list->items.end(), says));
    });
  }

  /// Where the test does not say so: a first row that expects `Initializing` although it leaves the
  /// primary's pods alone means the very first tick (TL-00).
  static bool begins_at_creation(const PolicyTest& test) {
    if (test.rows.empty()) return false;
    const TestRow& first = test.rows.front();
    const bool told_of_primary = std::any_of(first.says.begin(), first.says.end(), [](auto& said) {
      const auto* pods = std::get_if<say::Pods>(&said);
      return pods && pods->role == Role::Primary;
    });
    return !told_of_primary &&
           std::any_of(first.claims.begin(), first.claims.end(), [](const Claim& claim) {
             return claim.field == TestField::Phase && claim.values == Names{"Initializing"};
           });
  }

  void read_world(const Node& world, PolicyTest& test) {
    if (!reader_.is_map(world, "world")) return;
    reader_.only(world, "world", {"replicas", "configs", "autoscaler", "betweenTicks"});
    if (const Node* value = world.find("replicas"))
      test.replicas = reader_.integer(*value, "replicas", 0, 1000000);
    if (const Node* value = world.find("configs")) test.configs = reader_.truth(*value, "configs");
    if (const Node* value = world.find("betweenTicks")) {
      const auto between = go_parse_duration(reader_.text(*value, "betweenTicks"));
      constexpr Duration a_year = std::chrono::hours{8760};
      if (between && *between >= Duration{} && *between <= a_year)
        test.between_ticks = *between;
      else
        reader_.complain(value->at, "betweenTicks",
                         fmt::format("'{}' is not a duration such as 30s", value->text));
    }
    if (const Node* value = world.find("autoscaler")) {
      if (value->is_scalar()) {
        reader_.one_of(*value, "world.autoscaler", {"absent"});
        test.autoscaler_min.reset();
        return;
      }
      reader_.only(*value, "world.autoscaler", {"minReplicas"});
      const Node* least = value->find("minReplicas");
      test.autoscaler_min = least ? reader_.integer(*least, "minReplicas", 0, 1000000) : 1;
    }
  }

  /// The only Canary, or the one that `canary:` names.
  Node* choose_canary(const Node& spec, const Mark& at, std::vector<Node>& documents) {
    const Node* wanted = spec.find("canary");
    const std::string name = wanted ? reader_.text(*wanted, "canary") : "";
    Names names;
    Node* found = nullptr;
    for (Node& document : documents) {
      if (document.text_at({"kind"}) != "Canary") continue;
      names.emplace_back(document.text_at({"metadata", "name"}));
      if (!wanted || names.back() == name) found = found ? found : &document;
    }
    if (names.empty())
      reader_.complain(at, "policy", "names no Canary", "a file, or the Canary in line");
    else if (wanted && !found)
      reader_.known_name(wanted->at, name, "Canary of the policy", names);
    else if (!wanted && names.size() > 1)
      reader_.complain(at, "policy", "names several Canaries",
                       "say `canary:` and one of " + fmt::format("{}", fmt::join(names, ", ")));
    return reader_.error() ? nullptr : found;
  }

  /// The Canary in line, by file, or beside the test; then `set`.
  Result<void> find_policy(const Node& spec, const std::vector<Node>& beside, Subject& subject,
                           PolicyTest& test) {
    std::vector<Node> documents;
    Mark at = spec.at;
    subject.file = file_;
    if (const Node* policy = spec.find("policy")) {
      at = policy->at;
      if (policy->kind == Node::Kind::Map) {
        documents.push_back(*policy);
      } else {
        const std::string path = reader_.text(*policy, "policy");
        if (reader_.error()) return tl::unexpected(*reader_.error());
        const auto slash = file_.rfind('/');
        subject.file = path.starts_with('/') || slash == std::string::npos
                           ? path
                           : file_.substr(0, slash + 1) + path;
        auto read = read_documents(subject.file);
        if (!read) return tl::unexpected(in(to_string(at))(read.error()));
        documents = *std::move(read);
      }
      for (const Node& document : beside)  // what is no Canary serves every policy
        if (document.text_at({"kind"}) != "Canary") documents.push_back(document);
    } else {
      documents = beside;
    }
    if (const Node* templates = spec.find("templates")) {
      if (!templates->is_sequence()) {
        reader_.complain(templates->at, "templates", "must be a list of MetricTemplates");
        return tl::unexpected(*reader_.error());
      }
      for (const Node& item : templates->items) documents.push_back(item);
    }

    Node* canary = choose_canary(spec, at, documents);
    if (!canary) return tl::unexpected(*reader_.error());
    if (const Node* set = spec.find("set")) {
      if (!reader_.is_map(*set, "set")) return tl::unexpected(*reader_.error());
      for (const auto& [path, value, key_at] : set->entries) {
        if (!path.starts_with("spec.") && !path.starts_with("metadata."))
          reader_.complain(key_at, "set", fmt::format("'{}' is no path into a Canary", path),
                           "begin with spec., as in spec.analysis.threshold");
        if (reader_.error()) return tl::unexpected(*reader_.error());
        if (auto done = set_path(*canary, path, value); !done)
          return tl::unexpected(in(to_string(value.at))(done.error()));
      }
    }
    subject.canary = *canary;
    subject.checks = names_in(subject.canary, "metrics");
    subject.hooks = names_in(subject.canary, "webhooks");

    auto policies = policies_in(documents, subject.file);
    if (!policies) return tl::unexpected(policies.error());
    const auto chosen = std::find_if(policies->begin(), policies->end(), [&](const Policy& policy) {
      return policy.canary.name.name == subject.canary.text_at({"metadata", "name"});
    });
    const Policy& policy = chosen == policies->end() ? policies->front() : *chosen;
    test.canary = policy.canary;
    test.templates = policy.templates;
    test.remarks = policy.remarks;
    if (policy.workload && policy.workload->replicas) test.replicas = *policy.workload->replicas;
    // An autoscaler that is named exists, unless the test says otherwise.
    if (policy.canary.spec.autoscaler_ref) test.autoscaler_min = 1;
    if (policy.autoscaler) test.autoscaler_min = policy.autoscaler->min_replicas;
    return {};
  }

  std::string file_;
  NodeReader reader_;
};

}  // namespace

Result<std::vector<PolicyTest>> load_policy_tests(const std::string& file) {
  // A file of recorded rows is long; each of its tests is small.
  InputLimits limits;
  limits.documents = 10'000;
  limits.nodes = 4'000'000;
  const auto text = read_file_or_stdin(file);
  if (!text) return tl::unexpected(text.error());
  auto documents = parse_documents(*text, file, limits);
  if (!documents) return tl::unexpected(documents.error());
  std::vector<Node> tests;
  std::vector<Node> beside;
  for (Node& document : *documents) {
    const Node* kind = document.find("kind");
    (kind && kind->text == "PolicyTest" ? tests : beside).push_back(std::move(document));
  }
  if (tests.empty())
    return tl::unexpected(Error{ErrorKind::Invalid, "holds no PolicyTest", file,
                                "kind: PolicyTest, apiVersion: volary.dev/v1alpha1"});
  std::vector<PolicyTest> read;
  for (const Node& test : tests) {
    auto one = TestReader{file}.read(test, beside);
    if (!one) return tl::unexpected(one.error());
    read.push_back(*std::move(one));
  }
  return read;
}

}  // namespace volary
