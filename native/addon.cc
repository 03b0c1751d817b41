// Entry: what the addon exports.
#include "admin/admin.h"
#include "consume/consumer.h"
#include "env.h"
#include "mock_cluster.h"
#include "produce/producer.h"

namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  InitEnv(env);
  exports["version"] = Napi::String::New(env, rd_kafka_version_str());
  exports["versionNumber"] = Napi::Number::New(env, rd_kafka_version());
  exports["refused"] = Napi::Boolean::New(env, IsRefusedLibrdkafka(rd_kafka_version()));
  exports["liveHandles"] = Napi::Function::New(
      env, [](const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), Handle::Live()); });
  exports["errorCodes"] =
      Napi::Function::New(env, [](const Napi::CallbackInfo& info) { return ErrorCodes(info.Env()); });
  exports["builtinFeatures"] = Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
    rd::Conf conf(rd_kafka_conf_new());
    rd::ErrText text;
    size_t size = text.size;
    if (rd_kafka_conf_get(conf.get(), "builtin.features", text.data, &size) != RD_KAFKA_CONF_OK) size = 1;
    return Napi::String::New(info.Env(), text.data, size - 1);
  });
  exports["Consumer"] = Consumer::Define(env);
  exports["Producer"] = Producer::Define(env);
  exports["Admin"] = Admin::Define(env);
  exports["MockCluster"] = MockCluster::Define(env);
  return exports;
}

}  // namespace

NODE_API_MODULE(rdkafka_rx, Init)
