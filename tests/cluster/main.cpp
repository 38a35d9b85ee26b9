#define CATCH_CONFIG_RUNNER
#include <cstdio>
#include <cstring>

#include <catch2/catch.hpp>

#include "tests/cluster/cluster.hpp"
#include "tests/cluster/provider_crds.hpp"

/// Without the programs of a cluster every test is skipped, and says so: 77, as ctest is told.
int main(int argc, char** argv) {
  if (!volary::test::cluster_assets()) {
    std::puts("SKIPPED: there is no kube-apiserver here; tests/cluster/assets.sh says why");
    return 77;
  }
  for (int i = 1; i < argc; ++i) {
    if (std::strstr(argv[i], "[crds]") && !volary::test::provider_crds()) {
      std::puts(
          "SKIPPED: there are no definitions of providers here; tests/cluster/crds.sh says why");
      return 77;
    }
  }
  return Catch::Session().run(argc, argv);
}
