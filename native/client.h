// What every client object does on the JS thread: owns the loop, hands out promises, closes.
#pragma once

#include "conf.h"
#include "loop/poll_loop.h"

// Base of the ObjectWraps.
class Client {
 public:
  ~Client();

 protected:
  // Null and the error set when there is no such client.
  using MakeDriver = std::function<std::unique_ptr<Driver>(PollLoop&, RdError*)>;
  using Prepare = std::function<void(rd_kafka_conf_t*, const Settings&)>;
  using Run = std::function<void(PollLoop&, uint32_t)>;

  // Makes the librdkafka client of info[0] (settings), delivering to info[2]. Its name becomes the wrap's `name`. On
  // failure a NativeError is thrown and the wrap stays closed.
  void Open(const Napi::CallbackInfo& info, rd_kafka_type_t type, int events, bool keep_alive, const MakeDriver& make,
            const Prepare& prepare = nullptr);

  // Promise of a command that runs on the poll thread as run(loop, request).
  Napi::Value Request(Napi::Env env, Run run);
  // Promise of a librdkafka call that blocks, so it runs on the call thread.
  Napi::Value BlockingRequest(Napi::Env env, Run run);

  // metadata(topic | null, timeoutMs)
  Napi::Value Metadata(const Napi::CallbackInfo& info);
  // close(timeoutMs)
  Napi::Value Close(const Napi::CallbackInfo& info);
  // keepAlive(boolean)
  void KeepAlive(const Napi::CallbackInfo& info);
  // setToken(token, lifetimeMs, principal, [[key, value], ...]) | setTokenFailure(message)
  Napi::Value SetToken(const Napi::CallbackInfo& info);
  void SetTokenFailure(const Napi::CallbackInfo& info);

  // An ending environment takes the handle away, and JavaScript may still run: other listeners of 'exit'.
  bool open() const { return loop_ != nullptr && !closed_ && !loop_->abandoned(); }
  PollLoop& loop() { return *loop_; }

 private:
  std::shared_ptr<PollLoop> loop_;
  std::shared_ptr<PendingPromises> pending_;
  bool closed_ = false;
};

// False when node refused to wrap the object, because its worker is being terminated: JavaScript never sees it and node
// would never free it. It goes with the environment, and must not open anything.
template <class T>
bool IsWrapped(Napi::Env env, T* object) {
  if (!object->IsEmpty()) return true;
  napi_add_env_cleanup_hook(
      env, [](void* unwrapped) { std::unique_ptr<T> dropped(static_cast<T*>(unwrapped)); }, object);
  return false;
}

// Events every kind of client has: error, log, statistics, token refresh. False when the event is of another type.
bool DeliverCommonEvent(PollLoop& loop, rd_kafka_event_t* event);
constexpr int kCommonEvents =
    RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_STATS | RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH;
