// The rebalance protocol on the poll thread: librdkafka asks, and waits for our (un)assign call before it goes on.
//
// Outline:
//   1. librdkafka asks for an assignment. It is answered at once, or, with the hook, when JavaScript has said where to
//      begin: "assigning", answerAssign(), "assigned".
//   2. librdkafka asks for a revocation. The lanes stop, JavaScript drains them and answers: "revoking", release(),
//      "revoked". At the deadline, or when another question comes, we go on without the answer. Lost partitions are not
//      waited for.
//   3. While the group closes, every question is answered at once.
// Each rebalance has an id, and an answer to an earlier one is ignored.
#pragma once

#include "consume/lanes.h"

struct RebalanceOptions {
  int revoke_drain_ms = 0;   // 0: a revocation is answered at once
  bool hold_assign = false;  // an assignment waits for answerAssign()
};

// Lives on the poll thread.
class Rebalances {
 public:
  Rebalances(PollLoop& loop, Lanes& lanes, rd_kafka_queue_t* control, const RebalanceOptions& options)
      : loop_(loop), lanes_(lanes), control_(control), options_(options) {}

  void OnRebalance(rd_kafka_event_t* event);
  // Goes on where a deadline has passed.
  void Serve();
  Deadline NextDeadline() const;

  // JavaScript's answers.
  void Release(int id);
  void AnswerAssign(int id, const Partitions& partitions);

  // The application's own assignments.
  RdError Assign(const Partitions& partitions);
  RdError IncrementalAssign(const Partitions& partitions);
  RdError IncrementalUnassign(const Partitions& partitions);

  // An error of a partition: offsets that could not be fetched are asked for again.
  void OnError(rd_kafka_resp_err_t err, const char* text);

  // From now on revocations are answered at once, a waiting one first of all.
  void BeginLeave();
  void SetLeaving() { leaving_ = true; }
  bool leaving() const { return leaving_; }
  // Gives back what librdkafka asks for while the group closes.
  void AnswerLeaving();
  void AwaitStops();

 private:
  struct Rebalance {
    int id = 0;
    bool revoke = false;
    Partitions partitions;
    std::vector<int32_t> lanes;
    Deadline deadline;
  };

  // Answers the rebalance that still waits for JavaScript, if any.
  void CompletePending(bool timed_out);
  void CompleteAssign(int id, const Partitions& partitions);
  void CompleteRevoke(const Rebalance& rebalance, bool lost, bool timed_out);
  // Opens lanes, assigns, announces. With an error nothing is assigned by it.
  RdError AssignLanes(int id, const Partitions& partitions, bool incremental);
  RdError Unassign(const Partitions& partitions, bool incremental);
  // Asks again for the offsets that could not be fetched.
  void RestartStranded();
  // Has librdkafka fetch again from the partitions that a rebalance left with us.
  void WakeFetchers();
  void EndLanes(int id, const std::vector<int32_t>& ids, bool lost, bool timed_out);
  bool Uses(const char* protocol) const;
  bool Cooperative() const { return Uses("COOPERATIVE"); }

  PollLoop& loop_;
  Lanes& lanes_;
  rd_kafka_queue_t* const control_;  // everything but messages
  const RebalanceOptions options_;
  std::optional<Rebalance> pending_;
  int last_rebalance_ = 0;
  Deadline restart_;
  bool leaving_ = false;  // librdkafka is closing the group membership
};
