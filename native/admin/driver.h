// The poll thread's half of an admin client: requests whose results come back on the client's own queue, so nothing
// blocks.
#pragma once

#include <unordered_map>

#include "admin/operation.h"
#include "client.h"
#include "loop/source.h"

// Lives on the poll thread.
class AdminDriver final : public Driver {
 public:
  explicit AdminDriver(PollLoop& loop);

  bool Serve() override;
  void BeginClose(int) override {}
  bool IsClosed() override { return true; }
  void Teardown() override { queue_.Close(); }

  void Run(uint32_t request, const AdminOperation& operation, const AdminSend& send, int timeout_ms);

 private:
  void OnResult(rd_kafka_event_t* event);
  // The embedded cluster names a controller that it does not have, and librdkafka would wait for it: requests to it are
  // rejected as soon as a broker has said which cluster it belongs to.
  void RejectIfEmbedded();
  void AskForCluster();

  PollLoop& loop_;
  Source queue_;
  std::unordered_map<uint32_t, const AdminOperation*> pending_;
  std::optional<bool> embedded_;  // known when a broker has answered
  bool asking_ = false;           // for the cluster, on the call thread
};
