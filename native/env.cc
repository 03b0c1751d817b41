#include "env.h"

#include "js.h"

namespace {
// How long an ending environment (worker.terminate, end of process) waits for all its handles before it leaves them
// behind. Safe because the addon is never unloaded (-z nodelete).
constexpr int kCleanupMs = 3000;

// process.exit() in the main thread runs no cleanup hooks, only listeners of 'exit'; then come the exit handlers of C
// libraries, under librdkafka's threads. OpenSSL's handler frees what these threads use: where OpenSSL is Node's or the
// system's own, one exit in 300 with TLS connections crashed.
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

}  // namespace

void EnvState::BeginEnd() {
  if (ends) return;
  ends = After(kCleanupMs);
  for (const auto& loop : loops) loop->Abandon();
}

void EnvState::AwaitEnd() {
  for (const auto& loop : loops) loop->AwaitReaped(*ends);
}

void InitEnv(Napi::Env env) {
  env.SetInstanceData(std::make_unique<EnvState>().release());  // node deletes it with the environment
  EndAtExit(env);
}
