// One librdkafka client: owned from adoption until it is destroyed. A client of ours may own several.
#pragma once

#include "rd.h"

class Handle {
 public:
  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { Destroy(); }

  // Handles alive in this process, over all threads: tests assert that it returns to zero.
  static int Live();

  void Adopt(rd_kafka_t* rk);
  // Leaves no group. May take as long as a broker thread's DNS look-up.
  void Destroy();
  rd_kafka_t* get() const { return rk_; }

 private:
  rd_kafka_t* rk_ = nullptr;
};
