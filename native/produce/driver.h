// The poll thread's half of a producer: packs of records in, delivery reports out.
#pragma once

#include <deque>

#include "client.h"
#include "loop/source.h"
#include "produce/partitioner.h"
#include "wire/record.h"
#include "wire/report.h"

// Lives on the poll thread.
class ProducerDriver final : public Driver {
 public:
  ProducerDriver(PollLoop& loop, std::unique_ptr<StickyPartitioner> partitioner);

  bool Serve() override;
  Deadline NextDeadline() const override;
  void BeginClose(int timeout_ms) override;
  bool IsClosed() override;
  void Teardown() override;

  void Produce(std::shared_ptr<const wire::Slab> pack);
  void AddTopic(const std::string& name) { topic_names_.push_back(name); }
  void Flush(uint32_t request, int timeout_ms);
  void Purge(bool in_flight);

 private:
  struct Pack {
    std::shared_ptr<const wire::Slab> records;
    size_t position = 0;

    // The record at `at`, as wire::ReadRecord().
    const uint8_t* Read(size_t at, wire::Record* record) const {
      return wire::ReadRecord(records->data.get(), records->size, at, record);
    }
  };
  struct PendingFlush {
    uint32_t request;
    Clock::time_point deadline;
  };

  void ServeReports();
  // Hands records to librdkafka until its queue is full.
  void ProducePending();
  // False when the queue is full.
  bool ProduceRun(Pack& pack, const wire::Record& first);
  rd_kafka_resp_err_t ProduceOne(const wire::Record& record, const uint8_t* payload);
  bool Account(Pack& pack, const wire::Record& record, rd_kafka_resp_err_t err);
  rd_kafka_topic_t* TopicOf(int32_t id);
  void Fail(const wire::Record& record, rd_kafka_resp_err_t err);
  void FailPending(rd_kafka_resp_err_t err);
  void DeliverReports();
  void SettleFlushes();
  bool Empty() const { return in_librdkafka_ == 0 && pending_.empty(); }

  PollLoop& loop_;
  const std::unique_ptr<StickyPartitioner> partitioner_;  // null: librdkafka's own
  Source events_;
  std::deque<Pack> pending_;
  std::vector<std::string> topic_names_;
  std::vector<rd::Topic> topics_;
  std::vector<wire::Report> reports_;
  std::vector<PendingFlush> flushes_;
  size_t in_librdkafka_ = 0;  // handed over and not reported
  bool hurrying_ = false;     // rd_kafka_flush() runs on the call thread
  Deadline flush_deadline_, close_deadline_;
};
