#include "consume/driver.h"

namespace {
// While closing: how long rebalance requests are still answered, and the poll interval.
constexpr int kLastAnswersMs = 2000;
constexpr int kAnswerMs = 50;
}  // namespace

std::unique_ptr<ConsumerDriver> ConsumerDriver::Make(PollLoop& loop, const ConsumerOptions& options, RdError* error) {
  rd_kafka_poll_set_consumer(loop.rk());  // one control queue for everything but messages
  if (rd_kafka_queue_t* control = rd_kafka_queue_get_consumer(loop.rk())) {
    return std::unique_ptr<ConsumerDriver>(new ConsumerDriver(loop, options, control));
  }
  *error = RdError(RD_KAFKA_RESP_ERR__UNKNOWN_GROUP, "a consumer needs the property \"group.id\"");
  return nullptr;
}

ConsumerDriver::ConsumerDriver(PollLoop& loop, const ConsumerOptions& options, rd_kafka_queue_t* control)
    : loop_(loop),
      control_(control),
      lanes_(loop, options.limits),
      rebalances_(loop, lanes_, control, options.rebalance) {
  control_.Listen(loop);
}

bool ConsumerDriver::Serve() {
  // Polled whether or not the application reads: this keeps the member in its group.
  while (rd::Event event = control_.Next()) ServeEvent(event.get());
  rebalances_.Serve();
  return !loop_.closing() && lanes_.Take();
}

Deadline ConsumerDriver::NextDeadline() const { return close_deadline_ ? close_deadline_ : rebalances_.NextDeadline(); }

void ConsumerDriver::ServeEvent(rd_kafka_event_t* event) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_REBALANCE:
      return rebalances_.OnRebalance(event);
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
      return OnCommitted(event);
    case RD_KAFKA_EVENT_ERROR:
      return OnError(event);
    default:
      DeliverCommonEvent(loop_, event);
  }
}

void ConsumerDriver::OnCommitted(rd_kafka_event_t* event) {
  RdError error(rd_kafka_event_error(event));
  Partitions partitions = FromList(rd_kafka_event_topic_partition_list(event));
  const bool nothing = error.code == RD_KAFKA_RESP_ERR__NO_OFFSET;
  void* const opaque = rd_kafka_event_opaque(event);
  if (opaque == &loop_) {  // the client's own opaque: librdkafka's automatic commit of stored offsets
    if (!nothing)
      loop_.out().DeliverEvent("auto-commit", "error", std::move(error), "partitions", std::move(partitions));
    return;
  }
  const auto request = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(opaque));
  const auto unsent = unsent_.find(request);
  if (unsent != unsent_.end()) {
    partitions.insert(partitions.end(), unsent->second.begin(), unsent->second.end());
    unsent_.erase(unsent);
  }
  // "Nothing to commit" is an answer, not a failure.
  if (error && !nothing) return loop_.out().Reject(request, std::move(error));
  loop_.out().Resolve(request, std::move(partitions));
}

void ConsumerDriver::OnError(rd_kafka_event_t* event) {
  rebalances_.OnError(rd_kafka_event_error(event), rd_kafka_event_error_string(event));
  rd_kafka_topic_partition_t* at = rd_kafka_event_topic_partition(event);
  if (at == nullptr) {
    DeliverCommonEvent(loop_, event);
    return;
  }
  const Partition partition = FromItem(*at);
  rd_kafka_topic_partition_destroy(at);
  Lane* lane = lanes_.Find(partition.topic, partition.partition);
  loop_.out().DeliverEvent("partition-error", "topic", partition.topic, "partition", partition.partition, "offset",
                           partition.offset, "lane", lane == nullptr ? -1 : lane->id, "error",
                           RdError(rd_kafka_event_error(event), rd_kafka_event_error_string(event)));
}

void ConsumerDriver::Subscribe(uint32_t request, const std::vector<std::string>& topics) {
  if (topics.empty()) return loop_.out().Settle(request, RdError(rd_kafka_unsubscribe(loop_.rk())));
  Partitions partitions;
  for (const std::string& topic : topics) {
    partitions.emplace_back();
    partitions.back().topic = topic;
    partitions.back().partition = RD_KAFKA_PARTITION_UA;
  }
  loop_.out().Settle(request, RdError(rd_kafka_subscribe(loop_.rk(), ToList(partitions).get())));
}

void ConsumerDriver::Assign(uint32_t request, const Partitions& partitions) {
  loop_.out().Settle(request, rebalances_.Assign(partitions));
}

void ConsumerDriver::IncrementalAssign(uint32_t request, const Partitions& partitions) {
  loop_.out().Settle(request, rebalances_.IncrementalAssign(partitions));
}

void ConsumerDriver::IncrementalUnassign(uint32_t request, const Partitions& partitions) {
  loop_.out().Settle(request, rebalances_.IncrementalUnassign(partitions));
}

void ConsumerDriver::Seek(uint32_t request, const Partitions& partitions) {
  // Stop taking first: until the seek took effect the queue holds stale messages. 'rewound' marks for JavaScript where
  // the stale chunks end and the new ones begin.
  std::vector<int32_t> ids;
  for (const Partition& partition : partitions) {
    Lane* lane = lanes_.Find(partition.topic, partition.partition);
    ids.push_back(lane == nullptr ? 0 : lane->id);
    if (lane != nullptr) lane->rewinding++;
  }
  loop_.Call([this, request, partitions, ids] {
    rd::PartitionList list = ToList(partitions);
    // Without a limit: it cannot be called off, and its outcome must be known. No broker is waited for.
    RdError error(rd::Error(rd_kafka_seek_partitions(loop_.rk(), list.get(), -1)));
    Partitions result = FromList(list.get());
    loop_.Post([this, request, partitions, ids, error, result] {
      for (size_t i = 0; i < ids.size(); i++) {
        Lane* lane = lanes_.Find(ids[i]);
        if (lane == nullptr) continue;
        lane->rewinding--;
        if (result[i].error) continue;
        lane->position = partitions[i].offset;
        loop_.out().DeliverEvent("rewound", "lane", ids[i], "offset", partitions[i].offset);
      }
      if (error) return loop_.out().Reject(request, error);
      loop_.out().Resolve(request, result);
    });
  });
}

// A lane may end while the event loop is busy: the group takes the partition, its new owner commits, and JavaScript,
// which has not seen the end yet, commits what it had acknowledged. The broker accepts that, because this thread has
// rejoined the group meanwhile, and the group's offset goes back. So it is judged here, at the moment of sending:
//   lane open     the offset is this member's
//   lane closed   it is not sent, and its error says so
void ConsumerDriver::Commit(uint32_t request, const Partitions& partitions) {
  Partitions sent, unsent;
  for (const Partition& partition : partitions) {
    const bool is_over = partition.lane != 0 && lanes_.Find(partition.lane) == nullptr;
    (is_over ? unsent : sent).push_back(partition);
  }
  for (Partition& partition : unsent) partition.error = RdError(RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST);
  if (sent.empty() && !unsent.empty()) return loop_.out().Resolve(request, std::move(unsent));
  rd_kafka_resp_err_t err =
      rd_kafka_commit_queue(loop_.rk(), sent.empty() ? nullptr : ToList(sent).get(), control_.queue.get(), nullptr,
                            reinterpret_cast<void*>(static_cast<uintptr_t>(request)));
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return loop_.out().Reject(request, RdError(err));
  if (!unsent.empty()) unsent_.emplace(request, std::move(unsent));
}

void ConsumerDriver::BeginClose(int timeout_ms) {
  close_deadline_ = After(timeout_ms);
  rebalances_.BeginLeave();
  rd::Error error(rd_kafka_consumer_close_queue(loop_.rk(), control_.queue.get()));
  if (!error) {
    rebalances_.SetLeaving();
  } else {
    close_deadline_ = Clock::now();  // a fatal error, say: there is no group to leave any more
  }
}

bool ConsumerDriver::IsClosed() { return rd_kafka_consumer_closed(loop_.rk()) != 0 || Passed(close_deadline_); }

void ConsumerDriver::Teardown() {
  lanes_.CloseAll();
  // Stopped right after partitions were assigned anew: librdkafka takes them away when it is destroyed.
  rebalances_.AwaitStops();
  // Out of time, or stopped, before librdkafka asked for the last partitions, or before that was seen. It waits for the
  // answer, also when it is destroyed (RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE only helps a group that is not closing
  // yet): for ever, with one core. Only an open question is answered.
  const Deadline until = After(kLastAnswersMs);
  while (rebalances_.leaving() && !rd_kafka_consumer_closed(loop_.rk()) && !Passed(until)) {
    rd::Event event(rd_kafka_queue_poll(control_.queue.get(), kAnswerMs));
    if (event && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE) rebalances_.AnswerLeaving();
  }
  control_.Close();
}
