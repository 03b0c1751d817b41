// One kind of administrative request. A family of operations is one file with a table of these rows.
#pragma once

#include <functional>

#include "conf.h"
#include "loop/outbox.h"

// Sends the request on the poll thread; its result comes to the queue. With an error nothing was sent.
using AdminSend = std::function<RdError(rd_kafka_t*, rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)>;

struct AdminOperation {
  // Of the method in JavaScript: name(items, timeoutMs).
  const char* name;
  rd_kafka_admin_op_t op;
  // Reads the items, on the JS thread.
  AdminSend (*build)(const Napi::Value& items);
  // Settles the request with the result in the event, on the poll thread.
  void (*read)(Outbox& out, uint32_t request, rd_kafka_event_t* event);
};

// The table of one family. Its rows are constants, because requests refer to them while the process exits.
struct AdminOperations {
  const AdminOperation* first;
  size_t count;

  const AdminOperation* begin() const { return first; }
  const AdminOperation* end() const { return first + count; }
};

// The pointers of owned librdkafka objects, as its calls take them.
template <class T>
std::vector<typename T::pointer> RawPointers(const std::vector<T>& owned) {
  std::vector<typename T::pointer> raw;
  for (const T& item : owned) raw.push_back(item.get());
  return raw;
}
