#include "admin/driver.h"

#include <algorithm>
#include <cstring>

namespace {
// librdkafka rejects longer ones, and takes a minute then.
constexpr int kLongestMs = 3600 * 1000;
// One wait for the cluster id: short, because the call thread has other calls to make and cannot be interrupted.
constexpr int kClusterIdMs = 200;
constexpr char kEmbeddedId[] = "mockCluster";  // and a number
constexpr char kEmbedded[] =
    "the embedded cluster has no administration; MockCluster.createTopic of rdkafka-rx/testing makes topics";
}  // namespace

AdminDriver::AdminDriver(PollLoop& loop) : loop_(loop), queue_(rd_kafka_queue_get_main(loop.rk())) {
  queue_.Listen(loop);
}

bool AdminDriver::Serve() {
  while (rd::Event event = queue_.Next()) {
    if (!DeliverCommonEvent(loop_, event.get())) OnResult(event.get());
  }
  return false;
}

void AdminDriver::Run(uint32_t request, const AdminOperation& operation, const AdminSend& send, int timeout_ms) {
  rd::AdminOptions options(rd_kafka_AdminOptions_new(loop_.rk(), operation.op));
  rd::ErrText text;
  timeout_ms = std::clamp(timeout_ms, 0, kLongestMs);
  rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, text.data, text.size);
  // Resolved when the cluster has carried it out, not when the controller has accepted it.
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), timeout_ms, text.data, text.size);
  rd_kafka_AdminOptions_set_opaque(options.get(), reinterpret_cast<void*>(static_cast<uintptr_t>(request)));
  RdError error = send(loop_.rk(), options.get(), queue_.queue.get());
  if (error) return loop_.out().Reject(request, std::move(error));
  pending_.emplace(request, &operation);
  RejectIfEmbedded();
}

void AdminDriver::RejectIfEmbedded() {
  if (pending_.empty()) return;
  if (!embedded_) return AskForCluster();
  if (!*embedded_) return;
  for (const auto& [request, operation] : std::exchange(pending_, {})) {
    loop_.out().Reject(request, RdError(RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, kEmbedded));
  }
}

void AdminDriver::AskForCluster() {
  if (asking_) return;
  asking_ = true;
  loop_.Call([this] {
    const Deadline early = After(kClusterIdMs / 2);
    rd::Mem<char> id(rd_kafka_clusterid(loop_.rk(), kClusterIdMs));
    std::optional<bool> embedded;
    // No id before the time is over: the broker sends none (too old, or api.version.request=false). Asked again,
    // librdkafka would answer at once, and the two threads would never rest.
    if (!id && !Passed(early)) embedded = false;
    if (id) embedded = std::strncmp(id.get(), kEmbeddedId, sizeof kEmbeddedId - 1) == 0;
    loop_.Post([this, embedded] {
      asking_ = false;
      embedded_ = embedded;
      RejectIfEmbedded();
    });
  });
}

void AdminDriver::OnResult(rd_kafka_event_t* event) {
  const auto request = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(rd_kafka_event_opaque(event)));
  const auto found = pending_.find(request);
  if (found == pending_.end()) return;  // rejected already
  const AdminOperation* operation = found->second;
  pending_.erase(found);
  RdError error(rd_kafka_event_error(event), rd_kafka_event_error_string(event));
  if (error) return loop_.out().Reject(request, std::move(error));
  operation->read(loop_.out(), request, event);
}
