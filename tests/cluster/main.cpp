#define CATCH_CONFIG_RUNNER
#include <cstdio>

#include <catch2/catch.hpp>

#include "tests/cluster/cluster.hpp"

/// Without the programs of a cluster every test is skipped, and says so: 77, as ctest is told.
int main(int argc, char** argv) {
  if (!volary::test::cluster_assets()) {
    std::puts("SKIPPED: there is no kube-apiserver here; tests/cluster/assets.sh says why");
    return 77;
  }
  return Catch::Session().run(argc, argv);
}
