// The poll thread's half of a consumer: subscription, assignment, rebalances, commits; lanes do the taking.
#pragma once

#include "client.h"
#include "lanes.h"

struct ConsumerOptions {
  LaneLimits limits;
  int revoke_drain_ms = 15000;  // 0: a revoke is answered at once
  bool hold_assign = false;     // an assign waits for answerAssign()
};

// Lives on the poll thread.
class ConsumerRole final : public Role {
 public:
  // Null without a group: librdkafka cannot even assign then.
  static std::unique_ptr<ConsumerRole> Make(PollLoop& loop, const ConsumerOptions& options, RdError* error);

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
  void Release(int id);
  void AnswerAssign(int id, const Partitions& partitions);
  Lanes& lanes() { return lanes_; }

 private:
  // librdkafka waits for our (un)assign call before it goes on.
  struct Rebalance {
    int id = 0;
    bool revoke = false;
    Partitions partitions;
    std::vector<int32_t> lanes;
    Deadline deadline;
  };

  ConsumerRole(PollLoop& loop, const ConsumerOptions& options, rd_kafka_queue_t* control);
  void ServeEvent(rd_kafka_event_t* event);
  void OnRebalance(rd_kafka_event_t* event);
  void OnCommitted(rd_kafka_event_t* event);
  void OnError(rd_kafka_event_t* event);
  // Answers the rebalance that still waits for JavaScript, if any.
  void CompletePending(bool timed_out);
  void CompleteAssign(int id, const Partitions& partitions);
  void CompleteRevoke(const Rebalance& rebalance, bool lost, bool timed_out);
  // Opens lanes, assigns, announces. With an error nothing is assigned by it.
  RdError AssignLanes(int id, const Partitions& partitions, bool incremental);
  RdError Unassign(const Partitions& partitions, bool incremental);
  void AwaitStops();
  // Gives back what librdkafka asks for while the group closes.
  void AnswerLeaving();
  // Asks for the offsets again that could not be fetched.
  void RestartStranded();
  // Has librdkafka fetch again from the partitions that a rebalance left with us.
  void WakeFetchers();
  void EndLanes(int id, const std::vector<int32_t>& ids, bool lost, bool timed_out);
  bool Uses(const char* protocol) const;
  bool Cooperative() const { return Uses("COOPERATIVE"); }

  PollLoop& loop_;
  const ConsumerOptions options_;
  Source control_;  // everything but messages
  Lanes lanes_;
  std::optional<Rebalance> pending_;
  int last_rebalance_ = 0;
  Deadline restart_;
  Deadline close_deadline_;
  bool leaving_ = false;  // librdkafka is closing the group membership
};
