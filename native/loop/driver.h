// What a kind of client does on its poll thread.
#pragma once

#include "clock.h"

class Driver {
 public:
  virtual ~Driver() = default;
  // Serves queues once, without blocking. True when there is more to do right away.
  virtual bool Serve() = 0;
  // When Serve must run again even if nothing wakes the loop.
  virtual Deadline NextDeadline() const { return std::nullopt; }
  virtual void BeginClose(int timeout_ms) = 0;
  // Asked before each Serve while closing: everything queued before then is still served.
  virtual bool IsClosed() = 0;
  // Drops every librdkafka object but the handle. On the reaper.
  virtual void Teardown() = 0;
};
