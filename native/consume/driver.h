// The poll thread's half of a consumer: requests, commits, errors, the end. Rebalances and lanes do the rest.
#pragma once

#include "client.h"
#include "consume/rebalance.h"

struct ConsumerOptions {
  LaneLimits limits;
  RebalanceOptions rebalance;
};

// Lives on the poll thread.
class ConsumerDriver final : public Driver {
 public:
  // Null without a group: librdkafka cannot even assign then.
  static std::unique_ptr<ConsumerDriver> Make(PollLoop& loop, const ConsumerOptions& options, RdError* error);

  bool Serve() override;
  Deadline NextDeadline() const override;
  void BeginClose(int timeout_ms) override;
  bool IsClosed() override;
  void Teardown() override;

  void Subscribe(uint32_t request, const std::vector<std::string>& topics);
  void Assign(uint32_t request, const Partitions& partitions);
  void IncrementalAssign(uint32_t request, const Partitions& partitions);
  void IncrementalUnassign(uint32_t request, const Partitions& partitions);
  void Seek(uint32_t request, const Partitions& partitions);
  void Commit(uint32_t request, const Partitions& partitions);
  Lanes& lanes() { return lanes_; }
  Rebalances& rebalances() { return rebalances_; }

 private:
  ConsumerDriver(PollLoop& loop, const ConsumerOptions& options, rd_kafka_queue_t* control);
  void ServeEvent(rd_kafka_event_t* event);
  void OnCommitted(rd_kafka_event_t* event);
  void OnError(rd_kafka_event_t* event);

  PollLoop& loop_;
  Source control_;  // everything but messages
  Lanes lanes_;
  Rebalances rebalances_;
  // Offsets of commits under way that were not sent, because their lane was over.
  std::unordered_map<uint32_t, Partitions> unsent_;
  Deadline close_deadline_;
};
