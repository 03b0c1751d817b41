// The producer: packs of records in, delivery reports out.
#pragma once

#include "client.h"
#include "partitioner.h"

// Lives on the poll thread.
class ProducerRole final : public Role {
 public:
  ProducerRole(PollLoop& loop, std::unique_ptr<StickyPartitioner> partitioner);

  bool Serve() override;
  Deadline NextDeadline() const override;
  void BeginClose(int timeout_ms) override;
  bool IsClosed() override;
  void Teardown() override;

  void Produce(std::shared_ptr<const batch::Slab> pack);
  void AddTopic(const std::string& name) { topic_names_.push_back(name); }
  void Flush(uint32_t request, int timeout_ms);
  void Purge(bool in_flight);

 private:
  struct Pack {
    std::shared_ptr<const batch::Slab> records;
    size_t position = 0;

    // The record at `at`, as batch::ReadRecord().
    const uint8_t* Read(size_t at, batch::Record* record) const {
      return batch::ReadRecord(records->data.get(), records->size, at, record);
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
  bool ProduceRun(Pack& pack, const batch::Record& first);
  rd_kafka_resp_err_t ProduceOne(const batch::Record& record, const uint8_t* payload);
  bool Account(Pack& pack, const batch::Record& record, rd_kafka_resp_err_t err);
  rd_kafka_topic_t* TopicOf(int32_t id);
  void Refuse(const batch::Record& record, rd_kafka_resp_err_t err);
  void RefusePending(rd_kafka_resp_err_t err);
  void DeliverReports();
  void SettleFlushes();
  bool Empty() const { return in_librdkafka_ == 0 && pending_.empty(); }

  PollLoop& loop_;
  const std::unique_ptr<StickyPartitioner> partitioner_;  // null: librdkafka's own
  Source events_;
  std::deque<Pack> pending_;
  std::vector<std::string> topic_names_;
  std::vector<rd::Topic> topics_;
  std::vector<batch::Report> reports_;
  std::vector<PendingFlush> flushes_;
  size_t in_librdkafka_ = 0;  // handed over and not reported
  bool hurrying_ = false;     // rd_kafka_flush() runs on the call thread
  Deadline flush_deadline_, close_deadline_;
};

// new Producer(settings, options, deliver). lib/native/addon.ts describes every method.
class Producer final : public Napi::ObjectWrap<Producer>, public Client {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit Producer(const Napi::CallbackInfo& info);

 private:
  void Topic(const Napi::CallbackInfo& info);
  void Produce(const Napi::CallbackInfo& info);
  Napi::Value Flush(const Napi::CallbackInfo& info);
  Napi::Value Purge(const Napi::CallbackInfo& info);

  ProducerRole* role_ = nullptr;  // used in commands on the poll thread only, while the loop runs
};
