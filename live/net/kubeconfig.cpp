#include "live/net/kubeconfig.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "live/net/base64.hpp"
#include "live/net/url.hpp"
#include "policies/document.hpp"

namespace volary::live {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_file = std::size_t{1} << 20;

tl::unexpected<Error> refuse(const Node& at, std::string_view field, std::string message,
                             std::string hint = {}) {
  return tl::unexpected<Error>(error_at(at.at, field, std::move(message), std::move(hint)));
}

/// What several files say together. Entries keep their Marks, which name their file.
struct Merged {
  struct Named {
    std::string name;
    Node value;
    fs::path folder;
  };
  std::vector<Named> clusters;
  std::vector<Named> users;
  std::vector<Named> contexts;
  std::string current;
  std::string files;

  [[nodiscard]] static const Named* find(const std::vector<Named>& all, std::string_view name) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Named& one) { return one.name == name; });
    return found == all.end() ? nullptr : &*found;
  }
};

Result<void> take_list(const Node& document, const char* list, const char* member,
                       const fs::path& folder, std::vector<Merged::Named>& into) {
  const Node* entries = document.find(list);
  if (!entries || entries->is_null()) return {};
  if (!entries->is_sequence()) return refuse(*entries, list, "has to be a list");
  for (const Node& entry : entries->items) {
    const std::string name{entry.text_at({"name"})};
    if (name.empty()) return refuse(entry, list, "an entry without a name");
    if (Merged::find(into, name)) continue;  // of two entries of one name the first counts
    const Node* value = entry.find(member);
    Node empty = Node::map();
    empty.at = entry.at;
    into.push_back({name, value && !value->is_null() ? *value : std::move(empty), folder});
  }
  return {};
}

Result<void> merge_file(const std::string& path, bool may_be_missing, Merged& merged) {
  const Result<std::string> text = read_file_or_stdin(path, longest_file);
  if (!text) {
    if (may_be_missing && text.error().kind == ErrorKind::NotFound) return {};
    return tl::unexpected<Error>(text.error());
  }
  merged.files += (merged.files.empty() ? "" : ", ") + path;
  if (text->find_first_not_of(" \t\r\n") == std::string::npos) return {};
  Result<std::vector<Node>> documents = parse_documents(*text, path);
  if (!documents) {
    // The line that does not parse may be a token's: where it stands is enough (INV-42).
    Error error = documents.error();
    error.message = "this kubeconfig is not YAML that can be read";
    error.hint = "kubectl config view says whether it is a kubeconfig at all";
    return tl::unexpected<Error>(std::move(error));
  }
  if (documents->empty()) return {};
  const Node& document = documents->front();
  if (!document.is_map()) return refuse(document, "", "this is no kubeconfig");
  std::error_code unresolved;
  const fs::path folder = fs::absolute(path, unresolved).parent_path();
  if (merged.current.empty()) merged.current = document.text_at({"current-context"});
  for (const auto& [list, member, into] : {std::tuple{"clusters", "cluster", &merged.clusters},
                                           {"users", "user", &merged.users},
                                           {"contexts", "context", &merged.contexts}}) {
    if (Result<void> taken = take_list(document, list, member, folder, *into); !taken) return taken;
  }
  return {};
}

std::string file_beside(const Merged::Named& entry, std::string_view path) {
  return (entry.folder / fs::path{path}).string();
}

/// `<field>-data` in line, else the file named by `field`; "" when there is neither.
Result<std::string> data_or_file(const Merged::Named& entry, const std::string& field) {
  const std::string data_field = field + "-data";
  if (const Node* inline_data = entry.value.find(data_field);
      inline_data && !inline_data->text.empty()) {
    std::optional<std::string> bytes = from_base64(inline_data->text);
    if (!bytes) return refuse(*inline_data, data_field, "is not base64");
    return std::move(*bytes);
  }
  const std::string_view path = entry.value.text_at({field});
  if (path.empty()) return std::string{};
  return read_file_or_stdin(file_beside(entry, path), longest_file).map_error(in(field));
}

std::vector<std::string> texts(const Node* list) {
  std::vector<std::string> all;
  if (list)
    for (const Node& item : list->items) all.push_back(item.text);
  return all;
}

bool is_true(const Node& value, std::string_view field) { return value.text_at({field}) == "true"; }

/// KUBERNETES_EXEC_INFO: what a plugin is told.
std::string exec_info(const std::string& api_version, const ClusterAccess& access,
                      const Node* exec) {
  nlohmann::json info{
      {"apiVersion", api_version}, {"kind", "ExecCredential"}, {"spec", {{"interactive", false}}}};
  if (is_true(*exec, "provideClusterInfo")) {
    nlohmann::json& cluster = info["spec"]["cluster"];
    cluster = {{"server", access.server}};
    if (!access.tls.server_name.empty()) cluster["tls-server-name"] = access.tls.server_name;
    if (!access.tls.verify) cluster["insecure-skip-tls-verify"] = true;
    if (!access.tls.roots.empty())
      cluster["certificate-authority-data"] = to_base64(access.tls.roots);
    if (!access.proxy.empty()) cluster["proxy-url"] = access.proxy;
  }
  return info.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<ExecPlugin> exec_plugin(const Merged::Named& user, const Node& exec,
                               const ClusterAccess& access) {
  ExecPlugin plugin;
  plugin.api_version = exec.text_at({"apiVersion"});
  if (plugin.api_version != "client.authentication.k8s.io/v1" &&
      plugin.api_version != "client.authentication.k8s.io/v1beta1")
    return refuse(exec, "exec.apiVersion",
                  fmt::format("'{}' is no version of credential plugins that is spoken here",
                              printable(plugin.api_version)),
                  "client.authentication.k8s.io/v1 and v1beta1 are");
  plugin.program.command = exec.text_at({"command"});
  if (plugin.program.command.empty()) return refuse(exec, "exec.command", "is missing");
  // A command with a folder in it is looked for from the kubeconfig's; a bare name in PATH.
  if (plugin.program.command.find('/') != std::string::npos)
    plugin.program.command = file_beside(user, plugin.program.command);
  if (exec.text_at({"interactiveMode"}) == "Always")
    return refuse(exec, "exec.interactiveMode",
                  "this plugin asks questions, and there is nobody to answer",
                  "use a plugin that can run alone");
  plugin.program.arguments = texts(exec.find("args"));
  if (const Node* variables = exec.find("env"))
    for (const Node& variable : variables->items)
      plugin.program.environment.emplace_back(variable.text_at({"name"}),
                                              variable.text_at({"value"}));
  plugin.program.environment.emplace_back("KUBERNETES_EXEC_INFO",
                                          exec_info(plugin.api_version, access, &exec));
  plugin.install_hint = exec.text_at({"installHint"});
  return plugin;
}

Result<std::shared_ptr<Credentials>> credentials_of(const Merged::Named& user,
                                                    const ClusterAccess& access) {
  const Node& value = user.value;
  Presented presented;
  const Result<std::string> certificate = data_or_file(user, "client-certificate");
  if (!certificate) return tl::unexpected<Error>(certificate.error());
  const Result<std::string> key = data_or_file(user, "client-key");
  if (!key) return tl::unexpected<Error>(key.error());
  if (certificate->empty() != key->empty())
    return refuse(value, certificate->empty() ? "client-certificate" : "client-key",
                  "a client's certificate and its key come together");
  presented.certificate = Secret{*certificate};
  presented.key = Secret{*key};

  const std::string token{value.text_at({"token"})};
  const std::string file{value.text_at({"tokenFile"})};
  const std::string name{value.text_at({"username"})};
  if (!name.empty() && !(token.empty() && file.empty()))
    return refuse(value, "username", "a password beside a token: only one of the two can be sent");
  // In the order in which kubectl decides.
  if (!file.empty()) {
    if (!token.empty()) presented.authorization = bearer(Secret{token});
    return token_file(file_beside(user, file), std::move(presented));
  }
  if (!token.empty()) {
    presented.authorization = bearer(Secret{token});
  } else if (!name.empty()) {
    presented.authorization = basic(name, Secret{std::string{value.text_at({"password"})}});
  } else if (const Node* exec = value.find("exec"); exec && exec->is_map()) {
    Result<ExecPlugin> plugin = exec_plugin(user, *exec, access);
    if (!plugin) return tl::unexpected<Error>(plugin.error());
    return exec_credentials(std::move(*plugin), std::move(presented));
  } else if (const Node* provider = value.find("auth-provider"); provider && !provider->is_null()) {
    return refuse(*provider, "auth-provider", "auth providers left Kubernetes with 1.26",
                  "use the exec plugin of your cloud instead");
  }
  return fixed_credentials(std::move(presented));
}

void read_impersonation(const Node& user, ClusterAccess& access) {
  if (const std::string_view as = user.text_at({"as"}); !as.empty())
    access.impersonation.emplace_back("Impersonate-User", as);
  if (const std::string_view uid = user.text_at({"as-uid"}); !uid.empty())
    access.impersonation.emplace_back("Impersonate-Uid", uid);
  for (std::string& group : texts(user.find("as-groups")))
    access.impersonation.emplace_back("Impersonate-Group", std::move(group));
  if (const Node* extra = user.find("as-user-extra"))
    for (const Node::Entry& entry : extra->entries)
      for (std::string& each : texts(&entry.value))
        access.impersonation.emplace_back("Impersonate-Extra-" + url_encoded(entry.key),
                                          std::move(each));
}

Result<void> read_cluster(const Merged::Named& cluster, ClusterAccess& access) {
  const Node& value = cluster.value;
  access.server = value.text_at({"server"});
  while (access.server.ends_with('/')) access.server.pop_back();
  const std::optional<Url> url = parse_url(access.server);
  if (!url)
    return refuse(value, "cluster.server", "is no http or https URL", "server: https://HOST:6443");
  if (url->carries_credentials)
    return refuse(value, "cluster.server", "has a password in it", "give it to the user entry");
  Result<std::string> roots = data_or_file(cluster, "certificate-authority");
  if (!roots) return tl::unexpected<Error>(roots.error());
  access.tls.roots = std::move(*roots);
  access.tls.server_name = value.text_at({"tls-server-name"});
  access.tls.verify = !is_true(value, "insecure-skip-tls-verify");
  if (!access.tls.verify && !access.tls.roots.empty())
    return refuse(value, "cluster.insecure-skip-tls-verify",
                  "beside a certificate-authority: either the server is verified or it is not",
                  "remove one of the two");
  access.proxy = value.text_at({"proxy-url"});
  if (!access.proxy.empty() && !access.proxy.starts_with("http://") &&
      !access.proxy.starts_with("https://") && !access.proxy.starts_with("socks5://"))
    return refuse(value, "cluster.proxy-url", "has to begin with http://, https:// or socks5://");
  if (!access.tls.verify)
    access.warnings.push_back(fmt::format(
        "the certificate of {} is not verified (insecure-skip-tls-verify): whoever stands "
        "between can read and change everything",
        shown_url(access.server)));
  if (url->scheme == "http")
    access.warnings.push_back(fmt::format("{} is not encrypted", shown_url(access.server)));
  return {};
}

struct Environment {
  const std::function<std::string(const char*)>& given;
  [[nodiscard]] std::string operator()(const char* name) const {
    if (given) return given(name);
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here sets any
    return value ? value : "";
  }
};

/// The files to read, and whether one of them may be missing.
std::pair<std::vector<std::string>, bool> files_of(const AccessRequest& request,
                                                   const Environment& environment) {
  if (!request.kubeconfig.empty()) return {{request.kubeconfig}, false};
  std::vector<std::string> files;
  const std::string listed = environment("KUBECONFIG");
  for (std::size_t begin = 0; begin < listed.size();) {
    const std::size_t end = std::min(listed.find(':', begin), listed.size());
    if (end > begin) files.push_back(listed.substr(begin, end - begin));
    begin = end + 1;
  }
  if (files.empty())
    if (const std::string home = environment("HOME"); !home.empty())
      files.push_back(home + "/.kube/config");
  return {std::move(files), true};
}

Result<ClusterAccess> in_cluster(const AccessRequest& request, const Environment& environment) {
  const std::string host = environment("KUBERNETES_SERVICE_HOST");
  const std::string port = environment("KUBERNETES_SERVICE_PORT");
  ClusterAccess access;
  access.context = "in-cluster";
  access.server = host.find(':') == std::string::npos ? fmt::format("https://{}:{}", host, port)
                                                      : fmt::format("https://[{}]:{}", host, port);
  if (!parse_url(access.server))
    return fail(ErrorKind::Invalid, "KUBERNETES_SERVICE_HOST and _PORT make no address");
  Result<std::string> roots = read_file_or_stdin(request.service_account + "/ca.crt", longest_file);
  if (!roots) return tl::unexpected<Error>(in("service account")(roots.error()));
  access.tls.roots = std::move(*roots);
  access.credentials = token_file(request.service_account + "/token", {});
  if (const auto seen = access.credentials->present({}); !seen)
    return tl::unexpected<Error>(in("service account")(seen.error()));
  const Result<std::string> ns =
      read_file_or_stdin(request.service_account + "/namespace", longest_file);
  access.default_ns = ns && !ns->empty() ? *ns : "default";
  return access;
}

Result<Merged> merged_files(const AccessRequest& request, const Environment& environment) {
  Merged merged;
  const auto [files, may_be_missing] = files_of(request, environment);
  for (const std::string& file : files)
    if (Result<void> read = merge_file(file, may_be_missing, merged); !read)
      return tl::unexpected<Error>(read.error());
  return merged;
}

std::vector<std::string> names(const std::vector<Merged::Named>& entries) {
  std::vector<std::string> all;
  for (const Merged::Named& entry : entries) all.push_back(entry.name);
  return all;
}

std::string did_you_mean(const std::string& written, const std::vector<Merged::Named>& entries) {
  const std::vector<std::string> known = names(entries);
  if (std::string near = nearest(written, known); !near.empty())
    return "did you mean " + near + "?";
  return known.empty() ? "" : fmt::format("there are: {}", fmt::join(known, ", "));
}

}  // namespace

Result<ClusterAccess> find_cluster(const AccessRequest& request) {
  const Environment environment{request.environment};
  const Result<Merged> read = merged_files(request, environment);
  if (!read) return tl::unexpected<Error>(read.error());
  const Merged& merged = *read;
  if (merged.files.empty() && request.context.empty()) {
    if (!environment("KUBERNETES_SERVICE_HOST").empty()) return in_cluster(request, environment);
    return tl::unexpected<Error>(
        Error{.kind = ErrorKind::NotFound,
              .message = "no kubeconfig was found, and this is not a pod of a cluster",
              .hint = "give --kubeconfig FILE, or set KUBECONFIG"});
  }
  const std::string name = request.context.empty() ? merged.current : request.context;
  if (name.empty())
    return tl::unexpected<Error>(
        Error{.kind = ErrorKind::Invalid,
              .message = "no current-context",
              .where = merged.files,
              .hint = "give --context NAME, or kubectl config use-context NAME"});
  const Merged::Named* context = Merged::find(merged.contexts, name);
  if (!context)
    return tl::unexpected<Error>(
        Error{.kind = ErrorKind::NotFound,
              .message = fmt::format("there is no context '{}'", printable(name)),
              .where = merged.files,
              .hint = did_you_mean(name, merged.contexts)});

  ClusterAccess access;
  access.context = name;
  access.default_ns = context->value.text_at({"namespace"});
  if (access.default_ns.empty()) access.default_ns = "default";
  const std::string cluster_name{context->value.text_at({"cluster"})};
  const Merged::Named* cluster = Merged::find(merged.clusters, cluster_name);
  if (!cluster)
    return refuse(context->value, "context.cluster",
                  fmt::format("there is no cluster '{}'", printable(cluster_name)),
                  did_you_mean(cluster_name, merged.clusters));
  if (Result<void> known = read_cluster(*cluster, access); !known)
    return tl::unexpected<Error>(known.error());

  const std::string user_name{context->value.text_at({"user"})};
  const Merged::Named* user = Merged::find(merged.users, user_name);
  if (!user && !user_name.empty())
    return refuse(context->value, "context.user",
                  fmt::format("there is no user '{}'", printable(user_name)),
                  did_you_mean(user_name, merged.users));
  access.credentials = no_credentials();
  if (user) {
    Result<std::shared_ptr<Credentials>> credentials = credentials_of(*user, access);
    if (!credentials) return tl::unexpected<Error>(credentials.error());
    access.credentials = std::move(*credentials);
    read_impersonation(user->value, access);
  }
  return access;
}

Result<std::vector<std::string>> known_contexts(const AccessRequest& request) {
  return merged_files(request, Environment{request.environment}).map([](const Merged& merged) {
    return names(merged.contexts);
  });
}

}  // namespace volary::live
