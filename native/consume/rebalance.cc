#include "consume/rebalance.h"

#include <algorithm>
#include <cstring>

namespace {
// Before offsets that could not be fetched are asked for again.
constexpr int kRestartMs = 500;
constexpr int kWakeMs = 5000;
// How long to wait for an answer that may have been lost when the group closed, and the poll interval.
constexpr int kLostMs = 500;
constexpr int kLookMs = 10;

// The coordinator moved or was out of reach when librdkafka asked it where to begin. It reports that and never asks
// again: the partition would stay assigned and unread. A permanent refusal is not retried.
bool IsStranded(rd_kafka_resp_err_t err, const char* text) {
  static const char kWhat[] = "Failed to fetch committed offset";
  if (text == nullptr || std::strncmp(text, kWhat, sizeof kWhat - 1) != 0) return false;
  switch (err) {
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
      return true;
    default:
      return false;
  }
}

struct LaneStart {  // of an "assigned" event
  int32_t lane;
  Partition at;
};
Napi::Value ToJs(Napi::Env env, const LaneStart& start) {
  return MakeObject(env, "lane", start.lane, "topic", start.at.topic, "partition", start.at.partition, "offset",
                    start.at.offset);
}
}  // namespace

void Rebalances::Serve() {
  if (pending_ && Passed(pending_->deadline)) CompletePending(true);
  if (Passed(restart_)) RestartStranded();
}

Deadline Rebalances::NextDeadline() const {
  const Deadline pending = pending_ ? pending_->deadline : std::nullopt;
  return pending && restart_ ? std::min(pending, restart_) : pending ? pending : restart_;
}

void Rebalances::OnError(rd_kafka_resp_err_t err, const char* text) {
  if (IsStranded(err, text)) restart_ = After(kRestartMs);
}

RdError Rebalances::Assign(const Partitions& partitions) {
  const int id = ++last_rebalance_;
  RdError error = partitions.empty() ? Unassign(partitions, false) : AssignLanes(id, partitions, false);
  if (error) return error;
  pending_.reset();  // this answered librdkafka's question, if there was one
  if (partitions.empty()) EndLanes(id, lanes_.Ids(), false, false);
  return error;
}

RdError Rebalances::IncrementalAssign(const Partitions& partitions) {
  return AssignLanes(++last_rebalance_, partitions, true);
}

RdError Rebalances::IncrementalUnassign(const Partitions& partitions) {
  RdError error = Unassign(partitions, true);
  if (error) return error;
  std::vector<int32_t> ended;
  for (const Partition& partition : partitions) {
    if (Lane* lane = lanes_.Find(partition.topic, partition.partition)) ended.push_back(lane->id);
  }
  EndLanes(++last_rebalance_, ended, false, false);
  return error;
}

void Rebalances::BeginLeave() {
  CompletePending(true);
  AwaitStops();
}

bool Rebalances::Uses(const char* protocol) const {
  const char* used = rd_kafka_rebalance_protocol(loop_.rk());
  return used != nullptr && std::strcmp(used, protocol) == 0;
}

void Rebalances::OnRebalance(rd_kafka_event_t* event) {
  if (leaving_) {
    const bool lost = rd_kafka_assignment_lost(loop_.rk()) != 0;
    AnswerLeaving();
    return EndLanes(++last_rebalance_, lanes_.Ids(), lost, false);
  }
  // librdkafka asks again before it has its answer when the consumer unsubscribes (KIP-848) or a subscribed topic is
  // deleted meanwhile. The first question is answered first: the second may take back what the first gives.
  CompletePending(true);
  Rebalance rebalance;
  rebalance.id = ++last_rebalance_;
  rebalance.revoke = rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  rebalance.partitions = FromList(rd_kafka_event_topic_partition_list(event));

  if (!rebalance.revoke) {
    if (!options_.hold_assign || loop_.closing()) return CompleteAssign(rebalance.id, rebalance.partitions);
    loop_.out().DeliverEvent("assigning", "id", rebalance.id, "partitions", rebalance.partitions);
    pending_ = std::move(rebalance);
    return;
  }

  for (const Partition& partition : rebalance.partitions) {
    if (Lane* lane = lanes_.Find(partition.topic, partition.partition)) {
      lane->stopped = true;
      rebalance.lanes.push_back(lane->id);
    }
  }
  const bool lost = rd_kafka_assignment_lost(loop_.rk()) != 0;
  if (lost || loop_.closing() || rebalance.lanes.empty() || options_.revoke_drain_ms <= 0) {
    return CompleteRevoke(rebalance, lost, false);
  }
  rebalance.deadline = After(options_.revoke_drain_ms);
  loop_.out().DeliverEvent("revoking", "id", rebalance.id, "lanes", rebalance.lanes, "deadlineMs",
                           options_.revoke_drain_ms);
  pending_ = std::move(rebalance);
}

void Rebalances::CompletePending(bool timed_out) {
  if (!pending_) return;
  const Rebalance rebalance = *std::exchange(pending_, std::nullopt);
  if (!rebalance.revoke) return CompleteAssign(rebalance.id, rebalance.partitions);
  CompleteRevoke(rebalance, false, timed_out);
}

void Rebalances::AnswerAssign(int id, const Partitions& partitions) {
  if (!pending_ || pending_->revoke || pending_->id != id) return;
  pending_.reset();
  CompleteAssign(id, partitions);
}

void Rebalances::Release(int id) {
  // A late answer must not unassign what a newer rebalance assigned.
  if (pending_ && pending_->revoke && pending_->id == id) CompletePending(false);
}

void Rebalances::CompleteAssign(int id, const Partitions& partitions) {
  const bool incremental = Cooperative();
  RdError error = AssignLanes(id, partitions, incremental);
  if (!error) {
    if (incremental) WakeFetchers();
    return;
  }
  // The group counts on us to read these partitions and we cannot (librdkafka refuses a start offset): this is fatal.
  // The group must have an answer all the same, or the consumer could not even close.
  error.fatal = true;
  loop_.out().DeliverEvent("error", "error", std::move(error));
  AssignLanes(id, {}, incremental);
}

RdError Rebalances::AssignLanes(int id, const Partitions& partitions, bool incremental) {
  RdError error;
  std::vector<Lane*> lanes;
  std::vector<LaneStart> starts;
  const std::vector<int32_t> before = lanes_.Ids();
  for (const Partition& at : partitions) {
    Lane* lane = lanes_.Open(loop_.handle(), at.topic, at.partition);
    if (lane == nullptr) {
      error = RdError(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
      break;
    }
    lane->position = at.offset;
    lanes.push_back(lane);
    starts.push_back({lane->id, at});
  }
  if (!error) {
    rd::PartitionList list = ToList(partitions);
    if (!incremental) AwaitStops();
    error = incremental ? RdError(rd::Error(rd_kafka_incremental_assign(loop_.rk(), list.get())))
                        : RdError(rd_kafka_assign(loop_.rk(), list.get()));
    // A whole assignment takes the place of the one before, also when its partitions are then refused.
    const bool replaced = !incremental && error.code != RD_KAFKA_RESP_ERR__STATE;
    if (replaced && !before.empty()) EndLanes(id, before, false, false);
  }
  if (error) {
    for (Lane* lane : lanes) lanes_.Close(lane->id);
    return error;
  }
  loop_.out().DeliverEvent("assigned", "id", id, "lanes", std::move(starts));
  for (Lane* lane : lanes) lane->source.Listen(loop_);
  return error;
}

void Rebalances::CompleteRevoke(const Rebalance& rebalance, bool lost, bool timed_out) {
  const bool incremental = Cooperative();
  RdError error = Unassign(rebalance.partitions, incremental);
  EndLanes(rebalance.id, incremental ? rebalance.lanes : lanes_.Ids(), lost, timed_out);
  if (error) loop_.out().DeliverEvent("error", "error", std::move(error));
  if (incremental) WakeFetchers();
}

// librdkafka pauses every partition while it asks for an (un)assignment, and its broker threads notice that they may
// fetch again only at their next turn, up to a second later. A request to the leaders of the kept partitions is such a
// turn; its answer does not matter.
void Rebalances::WakeFetchers() {
  Partitions kept = lanes_.Assigned(false);
  if (kept.empty() || loop_.closing()) return;
  for (Partition& partition : kept) partition.offset = RD_KAFKA_OFFSET_SPEC_LATEST;
  rd::AdminOptions options(rd_kafka_AdminOptions_new(loop_.rk(), RD_KAFKA_ADMIN_OP_LISTOFFSETS));
  rd::ErrText text;
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kWakeMs, text.data, text.size);
  rd_kafka_ListOffsets(loop_.rk(), ToList(kept).get(), options.get(), control_);
}

void Rebalances::RestartStranded() {
  restart_.reset();
  if (loop_.closing()) return;
  if (pending_) {  // librdkafka waits for another answer first
    restart_ = After(kRestartMs);
    return;
  }
  const Partitions stranded = lanes_.Assigned(true);
  if (stranded.empty()) return;
  AwaitStops();
  RdError error;
  if (Uses("EAGER")) {
    // This protocol knows whole assignments only. The lanes stay: partitions that are being read go on where they are.
    error = RdError(rd_kafka_assign(loop_.rk(), ToList(lanes_.Assigned(false)).get()));
  } else {
    rd::PartitionList list = ToList(stranded);
    error = RdError(rd::Error(rd_kafka_incremental_unassign(loop_.rk(), list.get())));
    if (!error) error = RdError(rd::Error(rd_kafka_incremental_assign(loop_.rk(), list.get())));
  }
  if (error) loop_.out().DeliverEvent("error", "error", std::move(error));
}

// librdkafka stops a partition that is taken away on its main thread, and up to 2.15.1 (its #5573) it ends the process
// when the partition is given back and taken away again before the answer:
//   unassign  the main thread queues "stop" for itself, and the partition counts as started until that is answered
//   assign    waits for the answer before it starts the partition
//   unassign  sees it as started: a second "stop", whose answer finds it stopped already, an assertion
// The main thread serves its queue in order. When a question of ours is answered, the "stop" before it was served and
// its answer queued; when a second one is, that was served too.
void Rebalances::AwaitStops() {
  if (leaving_) return;  // librdkafka may not answer any more
  for (int questions = 0; questions < 2; questions++) {
    rd_kafka_topic_partition_list_t* assignment = nullptr;
    if (rd_kafka_assignment(loop_.rk(), &assignment) == RD_KAFKA_RESP_ERR_NO_ERROR) rd::PartitionList drop(assignment);
  }
}

// While the group closes, any assignment is taken as the answer to any question, whatever the protocol. But librdkafka
// does not always wait for it, and then the call can be lost and never return:
//   heartbeat  "rebalance in progress": the main thread asks us for the partitions
//   close      the main thread gets a request to end the group, which takes the partitions away itself
//   we         see the question, and call: the call is put into the group's queue
//   main       the group is over: its queue is emptied, the call with it, and no answer comes
// So it is made on a thread that may be left behind: it waits in a queue of its own by then and touches nothing else.
void Rebalances::AnswerLeaving() {
  struct Call {
    std::mutex mutex;
    std::condition_variable condition;
    bool begun = false, done = false;
  };
  auto call = std::make_shared<Call>();
  std::thread([call, rk = loop_.rk()] {
    const auto note = [&call](bool Call::*what) {
      std::lock_guard<std::mutex> lock(call->mutex);
      (*call).*what = true;
      call->condition.notify_one();
    };
    note(&Call::begun);
    (void)rd_kafka_assign(rk, nullptr);
    note(&Call::done);
  }).detach();
  Deadline lost;
  std::unique_lock<std::mutex> lock(call->mutex);
  while (!call->condition.wait_for(lock, std::chrono::milliseconds(kLookMs), [&] { return call->done; })) {
    if (call->begun && !lost && rd_kafka_consumer_closed(loop_.rk()) != 0) lost = After(kLostMs);
    if (Passed(lost)) return;
  }
}

RdError Rebalances::Unassign(const Partitions& partitions, bool incremental) {
  AwaitStops();
  if (!incremental) return RdError(rd_kafka_assign(loop_.rk(), nullptr));
  return RdError(rd::Error(rd_kafka_incremental_unassign(loop_.rk(), ToList(partitions).get())));
}

void Rebalances::EndLanes(int id, const std::vector<int32_t>& ids, bool lost, bool timed_out) {
  for (int32_t lane : ids) lanes_.Close(lane);
  loop_.out().DeliverEvent("revoked", "id", id, "lanes", ids, "lost", lost, "timedOut", timed_out);
}
