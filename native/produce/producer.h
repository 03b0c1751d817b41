// The JS thread's half of a producer.
#pragma once

#include "produce/driver.h"

// new Producer(settings, options, deliver). lib/native/interface.ts describes every method.
class Producer final : public Napi::ObjectWrap<Producer>, public Client {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit Producer(const Napi::CallbackInfo& info);

 private:
  void Topic(const Napi::CallbackInfo& info);
  void Produce(const Napi::CallbackInfo& info);
  Napi::Value Flush(const Napi::CallbackInfo& info);
  Napi::Value Purge(const Napi::CallbackInfo& info);

  ProducerDriver* driver_ = nullptr;  // used in commands on the poll thread only, while the loop runs
};
