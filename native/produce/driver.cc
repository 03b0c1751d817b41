#include "produce/driver.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace {
// After a purge, how long librdkafka may take to report what it dropped.
constexpr int kPurgeMs = 1000;
// One call of rd_kafka_flush(): short, because the call thread has other calls to make and cannot be interrupted.
constexpr int kFlushMs = 500;
constexpr double kTimestampLimit = 0x1p63;
// Records of one call of rd_kafka_produce_batch(), which locks the topic meanwhile.
constexpr size_t kRunRecords = 256;

uintptr_t Opaque(const wire::Record& record) {
  static_assert(sizeof(uintptr_t) == 8, "slot and index share one pointer");
  return (static_cast<uintptr_t>(record.index) << 32) | record.slot;
}

// All that rd_kafka_produce_batch() can do.
bool IsPlain(const wire::Record& record) { return record.timestamp == 0 && record.headers_length == 0; }
}  // namespace

ProducerDriver::ProducerDriver(PollLoop& loop, std::unique_ptr<StickyPartitioner> partitioner)
    : loop_(loop), partitioner_(std::move(partitioner)), events_(rd_kafka_queue_get_main(loop.rk())) {
  events_.Listen(loop);
}

bool ProducerDriver::Serve() {
  ServeReports();
  // A full queue drains by reports, and each of those wakes the loop.
  ProducePending();
  DeliverReports();
  SettleFlushes();
  return false;
}

Deadline ProducerDriver::NextDeadline() const {
  Deadline next = flush_deadline_ ? flush_deadline_ : close_deadline_;
  for (const PendingFlush& flush : flushes_) next = next ? std::min(*next, flush.deadline) : flush.deadline;
  return next;
}

void ProducerDriver::ServeReports() {
  const rd_kafka_message_t* messages[256];
  while (rd::Event event = events_.Next()) {
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_DR) {
      DeliverCommonEvent(loop_, event.get());
      continue;
    }
    while (size_t count = rd_kafka_event_message_array(event.get(), messages, 256)) {
      in_librdkafka_ -= count;
      for (size_t i = 0; i < count; i++) {
        const rd_kafka_message_t* message = messages[i];
        const auto opaque = reinterpret_cast<uintptr_t>(message->_private);
        rd_kafka_timestamp_type_t type;
        reports_.push_back({static_cast<double>(message->offset),
                            static_cast<double>(rd_kafka_message_timestamp(message, &type)),
                            static_cast<uint32_t>(opaque & 0xffffffffu), static_cast<uint32_t>(opaque >> 32),
                            message->err, message->partition, static_cast<int32_t>(rd_kafka_message_status(message))});
      }
    }
  }
}

void ProducerDriver::DeliverReports() {
  if (reports_.empty()) return;
  loop_.out().DeliverSlab(wire::PackReports(reports_));
  reports_.clear();
}

void ProducerDriver::Produce(std::shared_ptr<const wire::Slab> pack) {
  pending_.push_back({std::move(pack), 0});
  if (close_deadline_) FailPending(RD_KAFKA_RESP_ERR__DESTROY);
}

void ProducerDriver::ProducePending() {
  wire::Record record;
  for (; !pending_.empty(); pending_.pop_front()) {
    Pack& pack = pending_.front();
    while (const uint8_t* payload = pack.Read(pack.position, &record)) {
      const bool handed = IsPlain(record) ? ProduceRun(pack, record)  //
                                          : Account(pack, record, ProduceOne(record, payload));
      if (!handed) return;
    }
  }
}

bool ProducerDriver::Account(Pack& pack, const wire::Record& record, rd_kafka_resp_err_t err) {
  // Nothing is in the way of a record that finds the queue empty and full: it is larger than all of it, and would keep
  // those behind it waiting for ever.
  if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL && in_librdkafka_ > 0) return false;
  if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    in_librdkafka_++;
  } else {
    // rd_kafka_produce_batch() says only that there was a fatal error, not which.
    rd::ErrText text;
    Fail(record, err == RD_KAFKA_RESP_ERR__FATAL ? rd_kafka_fatal_error(loop_.rk(), text.data, text.size) : err);
  }
  pack.position = record.End(pack.position);
  return true;
}

// Records for one topic and partition that follow each other: rd_kafka_produce_batch() reads the clock, checks and
// locks once for all of them, where every call of rd_kafka_produceva() does so several times. Where the partitioner
// keeps those without a key together, it is asked for the first of them only.
bool ProducerDriver::ProduceRun(Pack& pack, const wire::Record& first) {
  rd_kafka_topic_t* topic = TopicOf(first.topic);
  if (topic == nullptr) return Account(pack, first, RD_KAFKA_RESP_ERR__INVALID_ARG);
  const bool is_sticky = partitioner_ && first.partition == RD_KAFKA_PARTITION_UA && first.key_length < 0;
  wire::Record records[kRunRecords];
  rd_kafka_message_t messages[kRunRecords];
  size_t count = 0;
  for (size_t at = pack.position; count < kRunRecords; at = records[count++].End(at)) {
    wire::Record& record = records[count];
    const uint8_t* payload = pack.Read(at, &record);
    if (payload == nullptr || !IsPlain(record) || record.topic != first.topic || record.partition != first.partition ||
        (is_sticky && record.key_length >= 0)) {
      break;
    }
    rd_kafka_message_t& message = messages[count] = {};
    const auto key_length = static_cast<size_t>(std::max(record.key_length, 0));
    message._private = reinterpret_cast<void*>(Opaque(record));
    message.key = record.key_length < 0 ? nullptr : const_cast<uint8_t*>(payload);
    message.key_len = key_length;
    message.payload = record.value_length < 0 ? nullptr : const_cast<uint8_t*>(payload) + key_length;
    message.len = static_cast<size_t>(std::max(record.value_length, 0));
  }
  auto produce = [&](int32_t partition, size_t from, size_t to) {
    rd_kafka_produce_batch(topic, partition, RD_KAFKA_MSG_F_COPY, messages + from, static_cast<int>(to - from));
  };
  if (is_sticky && count > 1) {
    const int32_t partition = partitioner_->Follow(messages[0]._private, [&] { produce(RD_KAFKA_PARTITION_UA, 0, 1); });
    if (messages[0].err != RD_KAFKA_RESP_ERR__QUEUE_FULL) produce(partition, 1, count);
  } else {
    produce(first.partition, 0, count);
  }
  for (size_t i = 0; i < count; i++) {
    if (!Account(pack, records[i], messages[i].err)) return false;
    // Those behind it were not tried.
    if (messages[i].err == RD_KAFKA_RESP_ERR__QUEUE_FULL) break;
  }
  return true;
}

rd_kafka_topic_t* ProducerDriver::TopicOf(int32_t id) {
  const auto at = static_cast<size_t>(id);
  if (at >= topic_names_.size()) return nullptr;
  if (at >= topics_.size()) topics_.resize(at + 1);
  if (!topics_[at]) topics_[at].reset(rd_kafka_topic_new(loop_.rk(), topic_names_[at].c_str(), nullptr));
  return topics_[at].get();
}

rd_kafka_resp_err_t ProducerDriver::ProduceOne(const wire::Record& record, const uint8_t* payload) {
  rd_kafka_topic_t* topic = TopicOf(record.topic);
  if (topic == nullptr) return RD_KAFKA_RESP_ERR__INVALID_ARG;
  const uint8_t* key = record.key_length < 0 ? nullptr : payload;
  const uint8_t* value = payload + std::max(record.key_length, 0);
  const uint8_t* block = value + std::max(record.value_length, 0);

  rd_kafka_vu_t fields[8];
  size_t count = 0;
  auto next = [&](rd_kafka_vtype_t type) -> rd_kafka_vu_t& {
    fields[count].vtype = type;
    return fields[count++];
  };
  next(RD_KAFKA_VTYPE_RKT).u.rkt = topic;
  next(RD_KAFKA_VTYPE_PARTITION).u.i32 = record.partition;
  next(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
  next(RD_KAFKA_VTYPE_OPAQUE).u.ptr = reinterpret_cast<void*>(Opaque(record));
  if (key != nullptr) {
    rd_kafka_vu_t& field = next(RD_KAFKA_VTYPE_KEY);
    field.u.mem.ptr = const_cast<uint8_t*>(key);
    field.u.mem.size = static_cast<size_t>(record.key_length);
  }
  if (record.value_length >= 0) {
    rd_kafka_vu_t& field = next(RD_KAFKA_VTYPE_VALUE);
    field.u.mem.ptr = const_cast<uint8_t*>(value);
    field.u.mem.size = static_cast<size_t>(record.value_length);
  }
  // Not a number, or none that an integer holds.
  if (!(std::abs(record.timestamp) < kTimestampLimit)) return RD_KAFKA_RESP_ERR__INVALID_ARG;
  if (record.timestamp != 0) next(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = static_cast<int64_t>(record.timestamp);
  // One list that stays ours when the call fails: header items would be freed twice by older librdkafka.
  rd::Headers headers = wire::ReadHeaders(block, record.headers_length);
  if (headers) next(RD_KAFKA_VTYPE_HEADERS).u.headers = headers.get();

  rd::Error error(rd_kafka_produceva(loop_.rk(), fields, count));
  if (error) return rd_kafka_error_code(error.get());
  (void)headers.release();
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void ProducerDriver::Fail(const wire::Record& record, rd_kafka_resp_err_t err) {
  reports_.push_back({RD_KAFKA_OFFSET_INVALID, -1, record.slot, record.index, err, record.partition,
                      RD_KAFKA_MSG_STATUS_NOT_PERSISTED});
}

void ProducerDriver::FailPending(rd_kafka_resp_err_t err) {
  wire::Record record;
  for (Pack& pack : pending_) {
    for (; pack.Read(pack.position, &record); pack.position = record.End(pack.position)) Fail(record, err);
  }
  pending_.clear();
}

void ProducerDriver::Flush(uint32_t request, int timeout_ms) { flushes_.push_back({request, After(timeout_ms)}); }

void ProducerDriver::SettleFlushes() {
  // After the reports were delivered, so that JavaScript has them all when its flush resolves.
  const auto now = Clock::now();
  auto settled = [&](const PendingFlush& flush) {
    if (!Empty() && now < flush.deadline) return false;
    loop_.out().Settle(flush.request, RdError(Empty() ? RD_KAFKA_RESP_ERR_NO_ERROR : RD_KAFKA_RESP_ERR__TIMED_OUT));
    return true;
  };
  flushes_.erase(std::remove_if(flushes_.begin(), flushes_.end(), settled), flushes_.end());
  // rd_kafka_flush() makes librdkafka send without lingering, for as long as it runs; its return does not mark the end,
  // because it does not count the records that still wait for room in its queue.
  if (hurrying_ || in_librdkafka_ == 0 || (flushes_.empty() && !flush_deadline_)) return;
  hurrying_ = true;
  loop_.Call([this] {
    rd_kafka_flush(loop_.rk(), kFlushMs);
    loop_.Post([this] { hurrying_ = false; });
  });
}

void ProducerDriver::Purge(bool in_flight) {
  FailPending(RD_KAFKA_RESP_ERR__PURGE_QUEUE);
  rd_kafka_purge(loop_.rk(),
                 RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING | (in_flight ? RD_KAFKA_PURGE_F_INFLIGHT : 0));
  DeliverReports();
}

void ProducerDriver::BeginClose(int timeout_ms) {
  flush_deadline_ = After(timeout_ms);
  close_deadline_ = After(int64_t{timeout_ms} + kPurgeMs);
}

bool ProducerDriver::IsClosed() {
  if (!Empty() && Passed(flush_deadline_)) {
    // Out of time: drop the rest, and still report every message.
    flush_deadline_.reset();
    Purge(true);
  }
  return Empty() || Passed(close_deadline_);
}

void ProducerDriver::Teardown() {
  topics_.clear();
  events_.Close();
}
