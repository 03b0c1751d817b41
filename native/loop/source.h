// A librdkafka queue that wakes the loop when it gets its first event.
#pragma once

#include <atomic>

#include "rd.h"

class PollLoop;

// Poll thread only, but for `ready`.
struct Source {
  rd::Queue queue;
  std::atomic<bool> ready{true};  // something may be in the queue

  Source() = default;
  explicit Source(rd_kafka_queue_t* owned) : queue(owned) {}
  ~Source() { Close(); }
  void Listen(PollLoop& loop);
  void Close();
  rd::Event Next() { return rd::Event(rd_kafka_queue_poll(queue.get(), 0)); }

 private:
  PollLoop* loop_ = nullptr;  // while it listens
};
