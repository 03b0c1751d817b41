// Entry: the classes, and the state of one environment (main thread or worker).
#include "admin.h"
#include "consumer.h"
#include "mock_cluster.h"
#include "producer.h"

namespace {

// process.exit() in the main thread runs no cleanup hooks, only what listens for 'exit'; then come the exit handlers of
// C libraries, under librdkafka's threads. OpenSSL's frees what they use: where it is Node's or the system's own, one
// exit in 300 with TLS connections crashed.
void EndAtExit(Napi::Env env) {
  Napi::Value process = Get(env.Global(), "process");
  Napi::Value once = Get(process, "once");
  if (!once.IsFunction()) return;
  Napi::Function end = Napi::Function::New(env, [](const Napi::CallbackInfo& info) {
    auto* state = info.Env().GetInstanceData<EnvState>();
    state->BeginEnd();
    state->AwaitEnd();
  });
  const napi_value arguments[] = {Napi::String::New(env, "exit"), end};
  napi_call_function(env, process, once, 2, arguments, nullptr);
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(std::make_unique<EnvState>().release());  // node deletes it with the environment
  EndAtExit(env);
  exports["version"] = Napi::String::New(env, rd_kafka_version_str());
  exports["versionNumber"] = Napi::Number::New(env, rd_kafka_version());
  exports["refused"] = Napi::Boolean::New(env, IsRefusedLibrdkafka(rd_kafka_version()));
  exports["liveHandles"] = Napi::Function::New(
      env, [](const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), PollLoop::LiveHandles()); });
  exports["errorCodes"] =
      Napi::Function::New(env, [](const Napi::CallbackInfo& info) { return ErrorCodes(info.Env()); });
  exports["builtinFeatures"] = Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
    rd::Conf conf(rd_kafka_conf_new());
    char text[512];
    size_t size = sizeof text;
    if (rd_kafka_conf_get(conf.get(), "builtin.features", text, &size) != RD_KAFKA_CONF_OK) size = 1;
    return Napi::String::New(info.Env(), text, size - 1);
  });
  exports["Consumer"] = Consumer::Define(env);
  exports["Producer"] = Producer::Define(env);
  exports["Admin"] = Admin::Define(env);
  exports["MockCluster"] = MockCluster::Define(env);
  return exports;
}

}  // namespace

NODE_API_MODULE(rdkafka_rx, Init)
