// The JS thread's half of a consumer.
#pragma once

#include "consume/driver.h"

// new Consumer(settings, options, deliver). lib/native/interface.ts describes every method.
class Consumer final : public Napi::ObjectWrap<Consumer>, public Client {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit Consumer(const Napi::CallbackInfo& info);

 private:
  Napi::Value Subscribe(const Napi::CallbackInfo& info);
  // The commands that take a partition list: run as (driver->*Method)(request, list) on the poll thread.
  template <void (ConsumerDriver::*Method)(uint32_t, const Partitions&)>
  Napi::Value OnList(const Napi::CallbackInfo& info);
  Napi::Value StoreOffsets(const Napi::CallbackInfo& info);
  // Committed offsets and offsets for times: librdkafka fills the list in, blocking.
  template <rd_kafka_resp_err_t (*call)(rd_kafka_t*, rd_kafka_topic_partition_list_t*, int)>
  Napi::Value Ask(const Napi::CallbackInfo& info);
  Napi::Value Position(const Napi::CallbackInfo& info);
  Napi::Value Watermarks(const Napi::CallbackInfo& info);
  Napi::Value CachedWatermarks(const Napi::CallbackInfo& info);
  Napi::Value GroupMetadata(const Napi::CallbackInfo& info);
  void Credit(const Napi::CallbackInfo& info);
  void Pause(const Napi::CallbackInfo& info);
  void ReportPolls(const Napi::CallbackInfo& info);
  void Release(const Napi::CallbackInfo& info);
  void AnswerAssign(const Napi::CallbackInfo& info);

  ConsumerDriver* driver_ = nullptr;  // used in commands on the poll thread only, while the loop runs
};
