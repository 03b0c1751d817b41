// The state of one environment (main thread or worker), and its end.
#pragma once

#include <memory>
#include <unordered_set>

#include "clock.h"
#include "napi_setup.h"
#include "wire/slab.h"

// A loop as its environment knows it.
class EnvLoop {
 public:
  virtual ~EnvLoop() = default;
  // Ends at once: no group leave, nothing flushed.
  virtual void Abandon() = 0;
  // Blocks until the handle is destroyed, or the time has come.
  virtual void AwaitReaped(Clock::time_point until) = 0;
};

// Keeps every loop alive until JavaScript has seen its end, so that a cleanup hook never dangles.
struct EnvState {
  std::shared_ptr<wire::SlabPool> pool = std::make_shared<wire::SlabPool>();
  std::unordered_set<std::shared_ptr<EnvLoop>> loops;
  size_t handed_over = 0;  // bytes of slabs since the collector was last nudged
  Deadline ends;           // deadline shared by all loops once the environment starts to end

  // The loops end without JavaScript: no group leave, nothing flushed (only an awaited close() promises that).
  void BeginEnd();
  // Until the handles are destroyed, or the time is over.
  void AwaitEnd();
};

// Makes the state of an environment, and ends its loops before process.exit() ends the process.
void InitEnv(Napi::Env env);
