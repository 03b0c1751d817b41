#include "consumer_role.h"

#include <cstring>

namespace {
// Before offsets that could not be fetched are asked for again.
constexpr int kRestartMs = 500;
constexpr int kWakeMs = 5000;
// At the end: how long librdkafka's questions are still answered, and how often it is asked whether it is closed.
constexpr int kLastAnswersMs = 2000;
constexpr int kAnswerMs = 50;
// How long an answer is still waited for that came when the group was just closed, and how often that is looked at.
constexpr int kLostMs = 500;
constexpr int kLookMs = 10;

// The coordinator moved or was out of reach when librdkafka asked it where to begin. It reports that and never asks
// again: the partition would stay assigned and unread. What is refused for good is not asked for twice.
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

std::unique_ptr<ConsumerRole> ConsumerRole::Make(PollLoop& loop, const ConsumerOptions& options, RdError* error) {
  rd_kafka_poll_set_consumer(loop.rk());  // one control queue for everything but messages
  if (rd_kafka_queue_t* control = rd_kafka_queue_get_consumer(loop.rk())) {
    return std::unique_ptr<ConsumerRole>(new ConsumerRole(loop, options, control));
  }
  *error = RdError(RD_KAFKA_RESP_ERR__UNKNOWN_GROUP, "a consumer needs the property \"group.id\"");
  return nullptr;
}

ConsumerRole::ConsumerRole(PollLoop& loop, const ConsumerOptions& options, rd_kafka_queue_t* control)
    : loop_(loop), options_(options), control_(control), lanes_(loop, options.limits) {
  control_.Listen(loop);
}

bool ConsumerRole::Serve() {
  // Polled whether or not anybody reads: this is what keeps the member in its group.
  while (rd::Event event = control_.Next()) ServeEvent(event.get());
  if (pending_ && Passed(pending_->deadline)) CompletePending(true);
  if (Passed(restart_)) RestartStranded();
  return !loop_.closing() && lanes_.Take();
}

Deadline ConsumerRole::NextDeadline() const {
  if (close_deadline_) return close_deadline_;
  const Deadline pending = pending_ ? pending_->deadline : std::nullopt;
  return pending && restart_ ? std::min(pending, restart_) : pending ? pending : restart_;
}

void ConsumerRole::ServeEvent(rd_kafka_event_t* event) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_REBALANCE:
      return OnRebalance(event);
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
      return OnCommitted(event);
    case RD_KAFKA_EVENT_ERROR:
      return OnError(event);
    default:
      DeliverCommonEvent(loop_, event);
  }
}

bool ConsumerRole::Uses(const char* protocol) const {
  const char* used = rd_kafka_rebalance_protocol(loop_.rk());
  return used != nullptr && std::strcmp(used, protocol) == 0;
}

void ConsumerRole::OnRebalance(rd_kafka_event_t* event) {
  if (leaving_) {
    const bool lost = rd_kafka_assignment_lost(loop_.rk()) != 0;
    AnswerLeaving();
    return EndLanes(++last_rebalance_, lanes_.Ids(), lost, false);
  }
  // librdkafka asks again before it has its answer when the consumer unsubscribes (KIP-848) or a subscribed topic goes
  // away meanwhile. What it asked first comes first, for the second may take back what the first gives.
  CompletePending(true);
  Rebalance rebalance;
  rebalance.id = ++last_rebalance_;
  rebalance.revoke = rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  rebalance.partitions = FromList(rd_kafka_event_topic_partition_list(event));

  if (!rebalance.revoke) {
    if (!options_.hold_assign || loop_.closing()) return CompleteAssign(rebalance.id, rebalance.partitions);
    loop_.DeliverEvent("assigning", "id", rebalance.id, "partitions", rebalance.partitions);
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
  loop_.DeliverEvent("revoking", "id", rebalance.id, "lanes", rebalance.lanes, "deadlineMs", options_.revoke_drain_ms);
  pending_ = std::move(rebalance);
}

void ConsumerRole::CompletePending(bool timed_out) {
  if (!pending_) return;
  const Rebalance rebalance = *std::exchange(pending_, std::nullopt);
  if (!rebalance.revoke) return CompleteAssign(rebalance.id, rebalance.partitions);
  CompleteRevoke(rebalance, false, timed_out);
}

void ConsumerRole::AnswerAssign(int id, const Partitions& partitions) {
  if (!pending_ || pending_->revoke || pending_->id != id) return;
  pending_.reset();
  CompleteAssign(id, partitions);
}

void ConsumerRole::Release(int id) {
  // A late answer must not unassign what a newer rebalance assigned.
  if (pending_ && pending_->revoke && pending_->id == id) CompletePending(false);
}

void ConsumerRole::CompleteAssign(int id, const Partitions& partitions) {
  const bool incremental = Cooperative();
  RdError error = AssignLanes(id, partitions, incremental);
  if (!error) {
    if (incremental) WakeFetchers();
    return;
  }
  // The group counts on us to read these partitions and we cannot (a start offset that librdkafka refuses): there is no
  // going on. An answer it must have all the same, or the consumer could not even close.
  error.fatal = true;
  loop_.DeliverEvent("error", "error", std::move(error));
  AssignLanes(id, {}, incremental);
}

RdError ConsumerRole::AssignLanes(int id, const Partitions& partitions, bool incremental) {
  RdError error;
  std::vector<Lane*> lanes;
  std::vector<LaneStart> starts;
  const std::vector<int32_t> before = lanes_.Ids();
  for (const Partition& at : partitions) {
    Lane* lane = lanes_.Open(at.topic, at.partition);
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
  loop_.DeliverEvent("assigned", "id", id, "lanes", std::move(starts));
  for (Lane* lane : lanes) lane->source.Listen(loop_);
  return error;
}

void ConsumerRole::CompleteRevoke(const Rebalance& rebalance, bool lost, bool timed_out) {
  const bool incremental = Cooperative();
  RdError error = Unassign(rebalance.partitions, incremental);
  EndLanes(rebalance.id, incremental ? rebalance.lanes : lanes_.Ids(), lost, timed_out);
  if (error) loop_.DeliverEvent("error", "error", std::move(error));
  if (incremental) WakeFetchers();
}

// librdkafka pauses every partition while it asks for an (un)assignment, and its broker threads see that they may fetch
// again only at their next turn, up to a second later. A request to the leaders of the partitions that were kept is
// such a turn; its answer does not matter.
void ConsumerRole::WakeFetchers() {
  Partitions kept = lanes_.Assigned(false);
  if (kept.empty() || loop_.closing()) return;
  for (Partition& partition : kept) partition.offset = RD_KAFKA_OFFSET_SPEC_LATEST;
  rd::AdminOptions options(rd_kafka_AdminOptions_new(loop_.rk(), RD_KAFKA_ADMIN_OP_LISTOFFSETS));
  char text[128];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kWakeMs, text, sizeof text);
  rd_kafka_ListOffsets(loop_.rk(), ToList(kept).get(), options.get(), control_.queue.get());
}

void ConsumerRole::RestartStranded() {
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
    // This protocol knows whole assignments only. The lanes stay: what is read already goes on where it is.
    error = RdError(rd_kafka_assign(loop_.rk(), ToList(lanes_.Assigned(false)).get()));
  } else {
    rd::PartitionList list = ToList(stranded);
    error = RdError(rd::Error(rd_kafka_incremental_unassign(loop_.rk(), list.get())));
    if (!error) error = RdError(rd::Error(rd_kafka_incremental_assign(loop_.rk(), list.get())));
  }
  if (error) loop_.DeliverEvent("error", "error", std::move(error));
}

// librdkafka stops a partition that is taken away on its main thread, and up to 2.15.1 (its #5573) it ends the process
// when the partition is given back and taken away again before the answer:
//   unassign  the main thread queues "stop" for itself, and the partition counts as started until that is answered
//   assign    waits for the answer before it starts the partition
//   unassign  sees it as started: a second "stop", whose answer finds it stopped already, an assertion
// The main thread serves its queue in order. When a question of ours is answered, the "stop" before it was served and
// its answer queued; when a second one is, that was served too.
void ConsumerRole::AwaitStops() {
  if (leaving_) return;  // librdkafka may not answer any more
  for (int questions = 0; questions < 2; questions++) {
    rd_kafka_topic_partition_list_t* assignment = nullptr;
    if (rd_kafka_assignment(loop_.rk(), &assignment) == RD_KAFKA_RESP_ERR_NO_ERROR) rd::PartitionList drop(assignment);
  }
}

// While the group closes, any assignment is taken as the answer to any question, whatever the protocol. But librdkafka
// does not always wait for it, and then the call can be lost and never return:
//   heartbeat  "rebalance in progress": the main thread asks us for the partitions
//   close      the main thread is told to end the group, which takes the partitions away itself
//   we         see the question, and call: the call is put into the group's queue
//   main       the group is over: its queue is emptied, the call with it, and nobody answers it
// So it is made on a thread that may be left behind: it waits in a queue of its own by then and touches nothing else.
void ConsumerRole::AnswerLeaving() {
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

RdError ConsumerRole::Unassign(const Partitions& partitions, bool incremental) {
  AwaitStops();
  if (!incremental) return RdError(rd_kafka_assign(loop_.rk(), nullptr));
  return RdError(rd::Error(rd_kafka_incremental_unassign(loop_.rk(), ToList(partitions).get())));
}

void ConsumerRole::EndLanes(int id, const std::vector<int32_t>& ids, bool lost, bool timed_out) {
  for (int32_t lane : ids) lanes_.Close(lane);
  loop_.DeliverEvent("revoked", "id", id, "lanes", ids, "lost", lost, "timedOut", timed_out);
}

void ConsumerRole::OnCommitted(rd_kafka_event_t* event) {
  RdError error(rd_kafka_event_error(event));
  Partitions partitions = FromList(rd_kafka_event_topic_partition_list(event));
  const bool nothing = error.code == RD_KAFKA_RESP_ERR__NO_OFFSET;
  void* const opaque = rd_kafka_event_opaque(event);
  if (opaque == &loop_) {  // the client's own opaque: librdkafka's automatic commit of stored offsets
    if (!nothing) loop_.DeliverEvent("auto-commit", "error", std::move(error), "partitions", std::move(partitions));
    return;
  }
  const auto request = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(opaque));
  // "Nothing to commit" is an answer, not a failure.
  if (error && !nothing) return loop_.Reject(request, std::move(error));
  loop_.Resolve(request, std::move(partitions));
}

void ConsumerRole::OnError(rd_kafka_event_t* event) {
  if (IsStranded(rd_kafka_event_error(event), rd_kafka_event_error_string(event))) restart_ = After(kRestartMs);
  rd_kafka_topic_partition_t* at = rd_kafka_event_topic_partition(event);
  if (at == nullptr) {
    DeliverCommonEvent(loop_, event);
    return;
  }
  const Partition partition = FromItem(*at);
  rd_kafka_topic_partition_destroy(at);
  Lane* lane = lanes_.Find(partition.topic, partition.partition);
  loop_.DeliverEvent("partition-error", "topic", partition.topic, "partition", partition.partition, "offset",
                     partition.offset, "lane", lane == nullptr ? -1 : lane->id, "error",
                     RdError(rd_kafka_event_error(event), rd_kafka_event_error_string(event)));
}

void ConsumerRole::Subscribe(uint32_t request, const std::vector<std::string>& topics) {
  if (topics.empty()) return loop_.Settle(request, RdError(rd_kafka_unsubscribe(loop_.rk())));
  Partitions partitions;
  for (const std::string& topic : topics) {
    partitions.emplace_back();
    partitions.back().topic = topic;
    partitions.back().partition = RD_KAFKA_PARTITION_UA;
  }
  loop_.Settle(request, RdError(rd_kafka_subscribe(loop_.rk(), ToList(partitions).get())));
}

void ConsumerRole::Assign(uint32_t request, const Partitions& partitions) {
  const int id = ++last_rebalance_;
  RdError error = partitions.empty() ? Unassign(partitions, false) : AssignLanes(id, partitions, false);
  if (!error) pending_.reset();  // whatever librdkafka had asked, this was the answer
  if (!error && partitions.empty()) EndLanes(id, lanes_.Ids(), false, false);
  loop_.Settle(request, std::move(error));
}

void ConsumerRole::IncrementalAssign(uint32_t request, const Partitions& partitions) {
  loop_.Settle(request, AssignLanes(++last_rebalance_, partitions, true));
}

void ConsumerRole::IncrementalUnassign(uint32_t request, const Partitions& partitions) {
  RdError error = Unassign(partitions, true);
  if (error) return loop_.Reject(request, std::move(error));
  std::vector<int32_t> ended;
  for (const Partition& partition : partitions) {
    if (Lane* lane = lanes_.Find(partition.topic, partition.partition)) ended.push_back(lane->id);
  }
  EndLanes(++last_rebalance_, ended, false, false);
  loop_.Settle(request, RdError());
}

void ConsumerRole::Seek(uint32_t request, const Partitions& partitions) {
  // Stop taking first: what the queue holds until the seek took effect is stale. 'rewound' tells JavaScript where the
  // stale chunks end and the new ones begin.
  std::vector<int32_t> ids;
  for (const Partition& partition : partitions) {
    Lane* lane = lanes_.Find(partition.topic, partition.partition);
    ids.push_back(lane == nullptr ? 0 : lane->id);
    if (lane != nullptr) lane->rewinding++;
  }
  loop_.Call([this, request, partitions, ids] {
    rd::PartitionList list = ToList(partitions);
    // Without a limit: it cannot be called off, and what happens must be known. No broker is waited for.
    RdError error(rd::Error(rd_kafka_seek_partitions(loop_.rk(), list.get(), -1)));
    Partitions result = FromList(list.get());
    loop_.Post([this, request, partitions, ids, error, result] {
      for (size_t i = 0; i < ids.size(); i++) {
        Lane* lane = lanes_.Find(ids[i]);
        if (lane == nullptr) continue;
        lane->rewinding--;
        if (result[i].error) continue;
        lane->position = partitions[i].offset;
        loop_.DeliverEvent("rewound", "lane", ids[i], "offset", partitions[i].offset);
      }
      if (error) return loop_.Reject(request, error);
      loop_.Resolve(request, result);
    });
  });
}

void ConsumerRole::Commit(uint32_t request, const Partitions& partitions) {
  rd_kafka_resp_err_t err =
      rd_kafka_commit_queue(loop_.rk(), partitions.empty() ? nullptr : ToList(partitions).get(), control_.queue.get(),
                            nullptr, reinterpret_cast<void*>(static_cast<uintptr_t>(request)));
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) loop_.Reject(request, RdError(err));
}

void ConsumerRole::BeginClose(int timeout_ms) {
  close_deadline_ = After(timeout_ms);
  // Revokes are answered at once from now on, one that waits first of all.
  CompletePending(true);
  AwaitStops();
  rd::Error error(rd_kafka_consumer_close_queue(loop_.rk(), control_.queue.get()));
  leaving_ = !error;
  if (error) close_deadline_ = Clock::now();  // a fatal error, say: there is no group to leave any more
}

bool ConsumerRole::IsClosed() { return rd_kafka_consumer_closed(loop_.rk()) != 0 || Passed(close_deadline_); }

void ConsumerRole::Teardown() {
  lanes_.CloseAll();
  // Stopped right after partitions were given anew: librdkafka takes them away when it is destroyed.
  AwaitStops();
  // Out of time, or stopped, before librdkafka asked for the last partitions, or before that was seen. It waits for the
  // answer, also when it is destroyed (RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE only helps a group that is not closing
  // yet): for ever, with one core. Only what was asked is answered.
  const Deadline until = After(kLastAnswersMs);
  while (leaving_ && !rd_kafka_consumer_closed(loop_.rk()) && !Passed(until)) {
    rd::Event event(rd_kafka_queue_poll(control_.queue.get(), kAnswerMs));
    if (event && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE) AnswerLeaving();
  }
  control_.Close();
}
