#include "handle.h"

#include <atomic>

namespace {
// The only mutable static of the addon.
std::atomic<int> live_handles{0};
}  // namespace

int Handle::Live() { return live_handles.load(); }

void Handle::Adopt(rd_kafka_t* rk) {
  rk_ = rk;
  live_handles++;
}

void Handle::Destroy() {
  if (rk_ == nullptr) return;
  rd_kafka_destroy_flags(rk_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  rk_ = nullptr;
  live_handles--;
}
