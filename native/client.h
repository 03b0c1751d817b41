// What every client object does on the JS thread: owns the loop, hands out promises, closes.
#pragma once

#include "conf.h"
#include "poll_loop.h"

// Base of the ObjectWraps.
class Client {
 public:
  ~Client();

 protected:
  using MakeRole = std::function<std::unique_ptr<Role>(PollLoop&)>;
  // Makes the librdkafka client of info[0] (settings), delivering to info[2]. On failure a NativeError is thrown and
  // the wrap stays closed.
  void Open(const Napi::CallbackInfo& info, rd_kafka_type_t type, int events, bool keep_alive, const MakeRole& make);

  // Promise of a command that runs on the poll thread as run(request).
  Napi::Value Request(Napi::Env env, std::function<void(uint32_t)> run);
  // Promise of a librdkafka call that blocks, so it runs on the call thread.
  Napi::Value BlockingRequest(Napi::Env env, std::function<void(uint32_t)> run);

  // metadata(topic | null, timeoutMs)
  Napi::Value Metadata(const Napi::CallbackInfo& info);
  // close(timeoutMs)
  Napi::Value Close(const Napi::CallbackInfo& info);
  // keepAlive(boolean)
  void KeepAlive(const Napi::CallbackInfo& info);
  // setToken(token, lifetimeMs, principal, [[key, value], ...]) | setTokenFailure(message)
  Napi::Value SetToken(const Napi::CallbackInfo& info);
  void SetTokenFailure(const Napi::CallbackInfo& info);

  bool open() const { return loop_ != nullptr && !closed_; }
  PollLoop& loop() { return *loop_; }

 private:
  std::shared_ptr<PollLoop> loop_;
  std::shared_ptr<JsSide> js_;
  bool closed_ = false;
};

// A tagged object { type, ... } as a delivery; fill(env, object) adds the rest on the JS thread.
template <class F>
void DeliverEvent(PollLoop& loop, const char* type, F fill) {
  loop.Deliver(MakeDelivery([type, fill = std::move(fill)](Napi::Env env, JsSide&) -> Napi::Value {
    Napi::Object object = Napi::Object::New(env);
    object["type"] = Napi::String::New(env, type);
    fill(env, object);
    return object;
  }));
}
void DeliverError(PollLoop& loop, RdError error);

// Events every kind of client has: error, log, statistics, token refresh. False when the event is of another type.
bool DeliverCommonEvent(PollLoop& loop, rd_kafka_event_t* event);
constexpr int kCommonEvents =
    RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_STATS | RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH;

int IntArgument(const Napi::CallbackInfo& info, size_t index, int otherwise);
std::string TextArgument(const Napi::CallbackInfo& info, size_t index);
