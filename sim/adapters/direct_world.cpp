#include "sim/adapters/direct_world.hpp"

namespace volary::sim {

DirectWorld::DirectWorld(TrafficWorld& world, std::string service, const Canary& canary,
                         std::string provider, Wait wait)
    : world_{world},
      service_{std::move(service)},
      store_{canary},
      router_{world, service_, std::move(provider)},
      workload_{world, service_, canary, std::move(wait)} {}

void DirectWorld::release(std::size_t n) {
  world_.set_version(world_.workload(service_, Role::Target), world_.version_of_release(n));
}

}  // namespace volary::sim
