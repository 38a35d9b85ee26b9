#include "live/net/credentials.hpp"

#include <filesystem>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "live/net/kubeconfig.hpp"
#include "tests/support/scratch.hpp"

namespace volary::live {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::string script(const std::string& name, const std::string& body) {
  const std::string path = test::scratch("plugins/" + name);
  fs::create_directories(fs::path{path}.parent_path());
  std::ofstream{path} << "#!/bin/sh\n" << body;
  fs::permissions(path, fs::perms::owner_all);
  return path;
}

std::string read(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

const std::string v1 = "client.authentication.k8s.io/v1";

/// A plugin that counts its runs and answers with a token that has the count in it.
std::string counting(const std::string& name, const std::string& status_rest = "",
                     const std::string& version = v1) {
  const std::string count = test::scratch("plugins/" + name + ".count");
  fs::remove(count);
  return script(name, "echo run >>" + count + "\nn=$(wc -l <" + count + ")\n" +
                          R"(echo "{\"apiVersion\":\")" + version +
                          R"(\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"t$n\")" +
                          status_rest + R"(}}")" + "\n");
}

std::shared_ptr<Credentials> exec(const std::string& command, const std::string& version = v1) {
  return exec_credentials(
      {.program = {.command = command}, .api_version = version, .install_hint = "install it"}, {});
}

std::string token(Credentials& credentials) {
  const auto presented = credentials.present({});
  if (!presented) return "error: " + to_string(presented.error());
  return presented->authorization.reveal();
}

TEST_CASE(
    "A credential plugin runs once, and again when its token expires or is refused (FLT-08)") {
  const auto lasting =
      exec(counting("lasting", R"(,\"expirationTimestamp\":\"9999-12-31T23:59:59Z\")"));
  CHECK(token(*lasting) == "Bearer t1");
  CHECK(token(*lasting) == "Bearer t1");
  const auto first = lasting->present({});
  lasting->refused(*first);
  CHECK(token(*lasting) == "Bearer t2");
  lasting->refused(*first);  // another thread's word about the old one
  CHECK(token(*lasting) == "Bearer t2");

  const auto expired =
      exec(counting("expired", R"(,\"expirationTimestamp\":\"2001-01-01T00:00:00Z\")"));
  CHECK(token(*expired) == "Bearer t1");
  CHECK(token(*expired) == "Bearer t2");

  const std::string v1beta1 = "client.authentication.k8s.io/v1beta1";
  CHECK(token(*exec(counting("beta", "", v1beta1), v1beta1)) == "Bearer t1");
}

TEST_CASE("One run of a plugin serves all that wait for it") {
  const auto credentials = exec(counting("shared"));
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] { right += token(*credentials) == "Bearer t1" ? 1 : 0; });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 8);
}

TEST_CASE(
    "A plugin gets arguments, variables and what KUBERNETES_EXEC_INFO says, and no terminal") {
  const std::string out = test::scratch("plugins/told");
  script(
      "telling",
      "printf '%s\\n' \"$@\" \"$EXTRA\" \"$KUBERNETES_EXEC_INFO\" >" + out + "\ncat >>" + out +
          "\n" +
          R"(echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"clientCertificateData":"C","clientKeyData":"K"}}')");
  const std::string path = test::scratch("plugins/config");
  std::ofstream{path}
      << "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n"
         "clusters: [{name: c, cluster: {server: 'https://c:1', certificate-authority-data: "
         "Uk9PVFM=}}]\n"
         "users:\n- name: u\n  user:\n    exec:\n      apiVersion: "
         "client.authentication.k8s.io/v1\n"
         "      command: ./telling\n      args: [get, token]\n      env: [{name: EXTRA, value: "
         "more}]\n"
         "      provideClusterInfo: true\n      interactiveMode: Never\n";
  const auto access =
      find_cluster({.kubeconfig = path, .environment = [](const char*) { return ""; }});
  REQUIRE(access);
  const auto presented = access->credentials->present({});
  REQUIRE(presented);
  CHECK(presented->certificate.reveal() == "C");
  CHECK(presented->key.reveal() == "K");
  CHECK(presented->authorization.empty());
  std::istringstream told{read(out)};
  std::string line;
  for (const char* expected : {"get", "token", "more"}) {
    std::getline(told, line);
    CHECK(line == expected);
  }
  std::getline(told, line);
  CHECK(nlohmann::json::parse(line) ==
        nlohmann::json::parse(
            R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",
          "spec":{"interactive":false,"cluster":{"server":"https://c:1","certificate-authority-data":"Uk9PVFM="}}})"));
}

TEST_CASE("A plugin that fails is an error without what it said (INV-42)") {
  const std::string good =
      R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":)";
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"echo hunter2; echo hunter2 >&2; exit 3", "failed with exit code 3"},
      {"kill -9 $$", "failed with signal 9"},
      {"echo hunter2", "printed no ExecCredential"},
      {"echo '{\"kind\":\"Pod\",\"token\":\"hunter2\"}'", "printed no ExecCredential"},
      {"echo '" + good + "{}}'", "gave neither a token nor a certificate"},
      {"echo '" + good + R"({"clientCertificateData":"hunter2"}}')",
       "a certificate without its key"},
      {"echo '" + good + R"({"token":"hunter2","expirationTimestamp":"tomorrow"}}')", "is no time"},
      {"echo "
       "'{\"apiVersion\":\"client.authentication.k8s.io/"
       "v1beta1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"hunter2\"}}'",
       "another version"},
      {"head -c 2000000 /dev/zero", "printed more than credentials are long"},
  };
  for (const auto& [body, expected] : wrong) {
    INFO(body);
    const auto presented = exec(script("wrong", body))->present({});
    REQUIRE_FALSE(presented);
    const std::string said = to_string(presented.error()) + presented.error().hint;
    CHECK_THAT(said, Catch::Contains(expected));
    CHECK_THAT(said, !Catch::Contains("hunter2"));
  }
  const auto missing = exec("no-such-plugin-anywhere")->present({});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == ErrorKind::NotFound);
  CHECK(missing.error().hint == "install it");
}

TEST_CASE("A plugin that hangs is ended with all that it started (INV-41), and at a stop") {
  const std::string alive = test::scratch("plugins/alive");
  const Program program{.command =
                            script("hanging", "(sleep 1; touch " + alive + ") &\nsleep 60\n")};
  const auto start = std::chrono::steady_clock::now();
  const auto late = output_of(program, {}, 200ms);
  REQUIRE_FALSE(late);
  CHECK(late.error().kind == ErrorKind::Timeout);
  std::stop_source stop;
  std::thread stopper{[&] {
    std::this_thread::sleep_for(100ms);
    stop.request_stop();
  }};
  CHECK(output_of(program, stop.get_token()).error().kind == ErrorKind::Timeout);
  stopper.join();
  CHECK(std::chrono::steady_clock::now() - start < 2s);
  std::this_thread::sleep_for(1200ms);
  CHECK_FALSE(fs::exists(alive));
  // One that closes its output and lives on is not waited for longer either.
  CHECK(output_of({.command = script("closing", "exec >&-\nsleep 60\n")}, {}, 200ms).error().kind ==
        ErrorKind::Timeout);
}

TEST_CASE("Times of RFC 3339") {
  const auto at = [](const std::string& text) -> std::int64_t {
    const auto time = rfc3339_time(text);
    return time ? std::chrono::duration_cast<std::chrono::seconds>(time->time_since_epoch()).count()
                : -1;
  };
  CHECK(at("1970-01-02T00:00:01Z") == 86401);
  CHECK(at("2026-11-27T16:04:05.678901Z") == 1795795445);
  CHECK(at("2026-11-27T18:04:05+02:00") == 1795795445);
  CHECK(at("2026-11-27t10:34:05-05:30") == 1795795445);
  for (const char* wrong :
       {"", "2026-11-27", "2026-11-27T16:04:05", "2026-13-27T16:04:05Z", "2026-02-30T16:04:05Z",
        "2026-11-27T25:04:05Z", "2026-11-27T16:04:05.Z", "2026-11-27T16:04:05+0200", "tomorrow"})
    CHECK(at(wrong) == -1);
}

}  // namespace
}  // namespace volary::live
