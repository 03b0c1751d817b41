#include "consumer_role.h"

#include <cstring>

ConsumerRole::ConsumerRole(PollLoop& loop, const ConsumerOptions& options)
    : loop_(loop), options_(options), lanes_(loop, options.limits) {
  alarm_.loop = &loop;
  rd_kafka_poll_set_consumer(loop.rk());  // one control queue for everything but messages
  control_.reset(rd_kafka_queue_get_consumer(loop.rk()));
  PollLoop::Watch(control_.get(), &alarm_);
}

bool ConsumerRole::Serve() {
  // Polled whether or not anybody reads: this is what keeps the member in its group.
  alarm_.Take();
  while (rd::Event event{rd_kafka_queue_poll(control_.get(), 0)}) ServeEvent(event.get());
  if (pending_ && pending_->deadline && Clock::now() >= *pending_->deadline) {
    CompleteRevoke(*std::exchange(pending_, std::nullopt), false, true);
  }
  return lanes_.Take();
}

Deadline ConsumerRole::NextDeadline() const {
  if (close_deadline_) return close_deadline_;
  return pending_ ? pending_->deadline : std::nullopt;
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

bool ConsumerRole::Cooperative() const {
  const char* protocol = rd_kafka_rebalance_protocol(loop_.rk());
  return protocol != nullptr && std::strcmp(protocol, "COOPERATIVE") == 0;
}

void ConsumerRole::OnRebalance(rd_kafka_event_t* event) {
  Rebalance rebalance;
  rebalance.id = ++last_rebalance_;
  rebalance.revoke = rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  rebalance.partitions = FromList(rd_kafka_event_topic_partition_list(event));

  if (!rebalance.revoke) {
    if (!options_.hold_assign || loop_.closing()) return CompleteAssign(rebalance.id, rebalance.partitions);
    DeliverEvent(loop_, "assigning",
                 [id = rebalance.id, partitions = rebalance.partitions](Napi::Env env, Napi::Object object) {
                   object["id"] = Napi::Number::New(env, id);
                   object["partitions"] = PartitionsToJs(env, partitions);
                 });
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
  DeliverEvent(loop_, "revoking", [id = rebalance.id, lanes = rebalance.lanes, ms = options_.revoke_drain_ms](
                                      Napi::Env env, Napi::Object object) {
    Napi::Array ids = Napi::Array::New(env);
    for (uint32_t i = 0; i < lanes.size(); i++) ids[i] = Napi::Number::New(env, lanes[i]);
    object["id"] = Napi::Number::New(env, id);
    object["lanes"] = ids;
    object["deadlineMs"] = Napi::Number::New(env, ms);
  });
  pending_ = std::move(rebalance);
}

void ConsumerRole::AnswerAssign(int id, const Partitions& partitions) {
  if (!pending_ || pending_->revoke || pending_->id != id) return;
  pending_.reset();
  CompleteAssign(id, partitions);
}

void ConsumerRole::Release(int id) {
  // A late answer must not unassign what a newer rebalance assigned.
  if (!pending_ || !pending_->revoke || pending_->id != id) return;
  CompleteRevoke(*std::exchange(pending_, std::nullopt), false, false);
}

std::vector<Lane*> ConsumerRole::OpenLanes(const Partitions& partitions) {
  std::vector<Lane*> lanes;
  for (const Partition& partition : partitions) lanes.push_back(&lanes_.Open(partition.topic, partition.partition));
  return lanes;
}

void ConsumerRole::AnnounceLanes(int id, const std::vector<Lane*>& lanes, const Partitions& partitions) {
  Napi::Value (*convert)(Napi::Env, const std::vector<int32_t>&, const Partitions&) =
      [](Napi::Env env, const std::vector<int32_t>& ids, const Partitions& from) -> Napi::Value {
    Napi::Array array = Napi::Array::New(env, ids.size());
    for (uint32_t i = 0; i < ids.size(); i++) {
      Napi::Object entry = Napi::Object::New(env);
      entry["lane"] = Napi::Number::New(env, ids[i]);
      entry["topic"] = Napi::String::New(env, from[i].topic);
      entry["partition"] = Napi::Number::New(env, from[i].partition);
      entry["offset"] = Napi::Number::New(env, static_cast<double>(from[i].offset));
      array[i] = entry;
    }
    return array;
  };
  std::vector<int32_t> ids;
  for (Lane* lane : lanes) ids.push_back(lane->id);
  DeliverEvent(loop_, "assigned", [id, ids, partitions, convert](Napi::Env env, Napi::Object object) {
    object["id"] = Napi::Number::New(env, id);
    object["lanes"] = convert(env, ids, partitions);
  });
  for (Lane* lane : lanes) lanes_.Watch(*lane);
}

void ConsumerRole::CompleteAssign(int id, const Partitions& partitions) {
  std::vector<Lane*> lanes = OpenLanes(partitions);
  rd::PartitionList list = ToList(partitions);
  RdError error;
  if (Cooperative()) {
    error = RdError(rd::Error(rd_kafka_incremental_assign(loop_.rk(), list.get())).get());
  } else {
    error = RdError(rd_kafka_assign(loop_.rk(), list.get()));
  }
  if (error) {
    for (Lane* lane : lanes) lanes_.Close(lane->id);
    return DeliverError(loop_, std::move(error));
  }
  AnnounceLanes(id, lanes, partitions);
}

void ConsumerRole::CompleteRevoke(const Rebalance& rebalance, bool lost, bool timed_out) {
  RdError error;
  if (Cooperative()) {
    error = RdError(rd::Error(rd_kafka_incremental_unassign(loop_.rk(), ToList(rebalance.partitions).get())).get());
  } else {
    error = RdError(rd_kafka_assign(loop_.rk(), nullptr));
  }
  EndLanes(rebalance.id, rebalance.lanes, lost, timed_out);
  if (error) DeliverError(loop_, std::move(error));
}

void ConsumerRole::EndLanes(int id, const std::vector<int32_t>& ids, bool lost, bool timed_out) {
  for (int32_t lane : ids) lanes_.Close(lane);
  DeliverEvent(loop_, "revoked", [id, ids, lost, timed_out](Napi::Env env, Napi::Object object) {
    Napi::Array array = Napi::Array::New(env);
    for (uint32_t i = 0; i < ids.size(); i++) array[i] = Napi::Number::New(env, ids[i]);
    object["id"] = Napi::Number::New(env, id);
    object["lanes"] = array;
    object["lost"] = Napi::Boolean::New(env, lost);
    object["timedOut"] = Napi::Boolean::New(env, timed_out);
  });
}

void ConsumerRole::OnCommitted(rd_kafka_event_t* event) {
  RdError error(rd_kafka_event_error(event));
  Partitions partitions = FromList(rd_kafka_event_topic_partition_list(event));
  void* opaque = rd_kafka_event_opaque(event);
  if (opaque == &loop_) {  // the configuration's opaque: librdkafka's own auto-commit of stored offsets
    if (error.code == RD_KAFKA_RESP_ERR__NO_OFFSET) return;
    return DeliverEvent(loop_, "auto-commit", [error, partitions](Napi::Env env, Napi::Object object) {
      object["error"] = error.ToJs(env);
      object["partitions"] = PartitionsToJs(env, partitions);
    });
  }
  const auto request = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(opaque));
  // "Nothing to commit" is an answer, not a failure.
  if (error && error.code != RD_KAFKA_RESP_ERR__NO_OFFSET) return loop_.Reject(request, std::move(error));
  loop_.Resolve(request, [partitions = std::move(partitions)](Napi::Env env) { return PartitionsToJs(env, partitions); });
}

void ConsumerRole::OnError(rd_kafka_event_t* event) {
  rd_kafka_topic_partition_t* at = rd_kafka_event_topic_partition(event);
  if (at == nullptr) {
    DeliverCommonEvent(loop_, event);
    return;
  }
  Partition partition;
  partition.topic = at->topic;
  partition.partition = at->partition;
  partition.offset = at->offset;
  rd_kafka_topic_partition_destroy(at);
  Lane* lane = lanes_.Find(partition.topic, partition.partition);
  DeliverEvent(loop_, "partition-error",
               [partition, lane = lane == nullptr ? -1 : lane->id,
                error = RdError(rd_kafka_event_error(event), rd_kafka_event_error_string(event))](Napi::Env env,
                                                                                               Napi::Object object) {
                 object["topic"] = Napi::String::New(env, partition.topic);
                 object["partition"] = Napi::Number::New(env, partition.partition);
                 object["offset"] = Napi::Number::New(env, static_cast<double>(partition.offset));
                 object["lane"] = Napi::Number::New(env, lane);
                 object["error"] = error.ToJs(env);
               });
}

void ConsumerRole::Subscribe(uint32_t request, const std::vector<std::string>& topics) {
  if (topics.empty()) return loop_.Settle(request, RdError(rd_kafka_unsubscribe(loop_.rk())));
  Partitions partitions;
  for (const std::string& topic : topics) {
    Partition entry;
    entry.topic = topic;
    entry.partition = RD_KAFKA_PARTITION_UA;
    partitions.push_back(std::move(entry));
  }
  loop_.Settle(request, RdError(rd_kafka_subscribe(loop_.rk(), ToList(partitions).get())));
}

void ConsumerRole::Assign(uint32_t request, const Partitions& partitions) {
  std::vector<int32_t> ended = lanes_.Ids();
  std::vector<Lane*> lanes = OpenLanes(partitions);
  rd_kafka_resp_err_t err = rd_kafka_assign(loop_.rk(), partitions.empty() ? nullptr : ToList(partitions).get());
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    for (Lane* lane : lanes) lanes_.Close(lane->id);
    return loop_.Reject(request, RdError(err));
  }
  const int id = ++last_rebalance_;
  if (!ended.empty()) EndLanes(id, ended, false, false);
  if (!lanes.empty()) AnnounceLanes(id, lanes, partitions);
  loop_.Settle(request, RdError());
}

void ConsumerRole::IncrementalAssign(uint32_t request, const Partitions& partitions) {
  std::vector<Lane*> lanes = OpenLanes(partitions);
  RdError error(rd::Error(rd_kafka_incremental_assign(loop_.rk(), ToList(partitions).get())).get());
  if (error) {
    for (Lane* lane : lanes) lanes_.Close(lane->id);
    return loop_.Reject(request, std::move(error));
  }
  AnnounceLanes(++last_rebalance_, lanes, partitions);
  loop_.Settle(request, RdError());
}

void ConsumerRole::IncrementalUnassign(uint32_t request, const Partitions& partitions) {
  RdError error(rd::Error(rd_kafka_incremental_unassign(loop_.rk(), ToList(partitions).get())).get());
  if (error) return loop_.Reject(request, std::move(error));
  std::vector<int32_t> ended;
  for (const Partition& partition : partitions) {
    if (Lane* lane = lanes_.Find(partition.topic, partition.partition)) ended.push_back(lane->id);
  }
  EndLanes(++last_rebalance_, ended, false, false);
  loop_.Settle(request, RdError());
}

void ConsumerRole::Seek(uint32_t request, const Partitions& partitions, int timeout_ms) {
  // Stop taking first: what the queue holds until the seek took effect is stale. 'rewound' tells JavaScript where the
  // stale chunks end and the new ones begin.
  std::vector<int32_t> ids;
  for (const Partition& partition : partitions) {
    Lane* lane = lanes_.Find(partition.topic, partition.partition);
    ids.push_back(lane == nullptr ? 0 : lane->id);
    if (lane != nullptr) lane->rewinding = true;
  }
  loop_.Call([this, request, partitions, timeout_ms, ids] {
    rd::PartitionList list = ToList(partitions);
    RdError error(rd::Error(rd_kafka_seek_partitions(loop_.rk(), list.get(), timeout_ms)).get());
    Partitions result = FromList(list.get());
    loop_.Post([this, request, partitions, ids, error, result] {
      for (size_t i = 0; i < ids.size(); i++) {
        Lane* lane = lanes_.Find(ids[i]);
        if (lane == nullptr) continue;
        lane->rewinding = false;
        lane->alarm.Ring();
        if (result[i].error) continue;
        DeliverEvent(loop_, "rewound", [id = ids[i], offset = partitions[i].offset](Napi::Env env, Napi::Object object) {
          object["lane"] = Napi::Number::New(env, id);
          object["offset"] = Napi::Number::New(env, static_cast<double>(offset));
        });
      }
      if (error) return loop_.Reject(request, error);
      loop_.Resolve(request, [result](Napi::Env env) { return PartitionsToJs(env, result); });
    });
  });
}

void ConsumerRole::Commit(uint32_t request, const Partitions& partitions) {
  // The answer comes as an event on the queue. The callback is never called: it keeps librdkafka from reporting the
  // commit a second time, to the configuration's callback.
  auto unused = [](rd_kafka_t*, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*, void*) {};
  rd_kafka_resp_err_t err =
      rd_kafka_commit_queue(loop_.rk(), partitions.empty() ? nullptr : ToList(partitions).get(), control_.get(), unused,
                            reinterpret_cast<void*>(static_cast<uintptr_t>(request)));
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) loop_.Reject(request, RdError(err));
}

void ConsumerRole::BeginClose(int timeout_ms) {
  close_deadline_ = After(timeout_ms);
  // Revokes are answered at once from now on, one that waits first of all.
  if (pending_) {
    Rebalance rebalance = *std::exchange(pending_, std::nullopt);
    if (rebalance.revoke) {
      CompleteRevoke(rebalance, false, false);
    } else {
      CompleteAssign(rebalance.id, rebalance.partitions);
    }
  }
  rd::Error error(rd_kafka_consumer_close_queue(loop_.rk(), control_.get()));
  if (error) close_deadline_ = Clock::now();
}

bool ConsumerRole::IsClosed() {
  return rd_kafka_consumer_closed(loop_.rk()) != 0 || (close_deadline_ && Clock::now() >= *close_deadline_);
}

void ConsumerRole::Teardown() {
  lanes_.CloseAll();
  PollLoop::Unwatch(control_.get());
  control_.reset();
}
