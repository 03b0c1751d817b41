#include "produce/producer.h"

#include <algorithm>
#include <cstring>

Napi::Function Producer::Define(Napi::Env env) {
  return DefineClass(
      env, "NativeProducer",
      {InstanceMethod("topic", &Producer::Topic), InstanceMethod("produce", &Producer::Produce),
       InstanceMethod("flush", &Producer::Flush), InstanceMethod("purge", &Producer::Purge),
       InstanceMethod("metadata", &Producer::Metadata), InstanceMethod("close", &Producer::Close),
       InstanceMethod("keepAlive", &Producer::KeepAlive), InstanceMethod("setToken", &Producer::SetToken),
       InstanceMethod("setTokenFailure", &Producer::SetTokenFailure)});
}

Producer::Producer(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!IsWrapped(info.Env(), this)) return;
  std::unique_ptr<StickyPartitioner> partitioner;
  auto make = [&](PollLoop& loop, RdError*) {
    auto driver = std::make_unique<ProducerDriver>(loop, std::move(partitioner));
    driver_ = driver.get();
    return driver;
  };
  auto prepare = [&](rd_kafka_conf_t* conf, const Settings& settings) {
    const char* chosen = nullptr;
    for (const auto& [key, value] : settings) {
      if (key == "sticky.partitioning.linger.ms") chosen = value.c_str();
    }
    partitioner = StickyPartitioner::Install(conf, chosen);
  };
  Open(info, RD_KAFKA_PRODUCER, RD_KAFKA_EVENT_DR, false, make, prepare);
}

void Producer::Topic(const Napi::CallbackInfo& info) {
  if (open()) loop().Post([driver = driver_, name = Text(info[0])] { driver->AddTopic(name); });
}

void Producer::Produce(const Napi::CallbackInfo& info) {
  if (!open() || !info[0].IsTypedArray()) return;
  auto view = info[0].As<Napi::Uint8Array>();
  const size_t length = std::min(static_cast<size_t>(std::max(0, Int(info[1], 0))), view.ByteLength());
  if (length == 0) return;
  // Copied at the call: the caller may write to its buffer again right away.
  wire::Slab copy = wire::Slab::Of(length, loop().pool());
  std::memcpy(copy.data.get(), view.Data(), length);
  auto pack = std::make_shared<const wire::Slab>(std::move(copy));
  loop().Post([driver = driver_, pack = std::move(pack)] { driver->Produce(pack); });
}

Napi::Value Producer::Flush(const Napi::CallbackInfo& info) {
  return Request(info.Env(), [driver = driver_, timeout = RequiredMs(info.Env(), info[0])](
                                 PollLoop&, uint32_t request) { driver->Flush(request, timeout); });
}

Napi::Value Producer::Purge(const Napi::CallbackInfo& info) {
  return Request(info.Env(), [driver = driver_, in_flight = Flag(info[0], false)](PollLoop& loop, uint32_t request) {
    driver->Purge(in_flight);
    loop.out().Settle(request, RdError());
  });
}
