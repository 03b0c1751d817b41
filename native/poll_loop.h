// The poll thread: one per client, the only code that serves its librdkafka queues, and the one crossing to JavaScript.
//
// Who may do what:
//   JS thread     Post() commands, Call() nothing. Never waits, except in the environment's cleanup hook (bounded).
//   poll thread   runs commands, serves queues, Deliver()s, tears everything down.
//   call thread   lazily started; runs the few librdkafka calls that block, so that the poll thread never does.
//   librdkafka    queue callbacks: set a ready bit and wake the loop, nothing else.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "batch.h"
#include "error.h"

using Clock = std::chrono::steady_clock;
using Deadline = std::optional<Clock::time_point>;
constexpr int kEndOfTime = 1000 * 60 * 60 * 24;

Clock::time_point After(int milliseconds);

// The JavaScript thread's half of a client: callback and pending promises. Touched on the JS thread only.
struct JsSide {
  Napi::FunctionReference deliver;
  std::unordered_map<uint32_t, Napi::Promise::Deferred> promises;
  uint32_t last_request = 0;
};

// Something on its way to JavaScript. Destroyed undelivered when the environment is gone: then it only frees its payload.
class Delivery {
 public:
  virtual ~Delivery() = default;
  // On the JS thread; an empty value delivers nothing (it settled a promise).
  virtual Napi::Value ToJs(Napi::Env env, JsSide& js) = 0;
};

template <class F>
std::unique_ptr<Delivery> MakeDelivery(F convert) {
  struct Lambda final : Delivery {
    explicit Lambda(F f) : convert(std::move(f)) {}
    Napi::Value ToJs(Napi::Env env, JsSide& js) override { return convert(env, js); }
    F convert;
  };
  return std::make_unique<Lambda>(std::move(convert));
}

Napi::Value SlabToJs(Napi::Env env, batch::Slab slab);

class PollLoop;

// Per environment: keeps every loop alive until JavaScript has seen its end, so that a cleanup hook never dangles.
struct EnvState {
  std::shared_ptr<batch::SlabPool> pool = std::make_shared<batch::SlabPool>();
  std::unordered_set<std::shared_ptr<PollLoop>> loops;
};

// What a kind of client does on its poll thread.
class Role {
 public:
  virtual ~Role() = default;
  // Serves queues once, without blocking. True when there is more to do right away.
  virtual bool Serve() = 0;
  // When Serve must run again even if nothing wakes the loop.
  virtual Deadline NextDeadline() const { return std::nullopt; }
  virtual void BeginClose(int timeout_ms) = 0;
  // Asked after each Serve while closing.
  virtual bool IsClosed() = 0;
  // Drops every librdkafka object but the handle.
  virtual void Teardown() = 0;
};

class PollLoop : public std::enable_shared_from_this<PollLoop> {
 public:
  using Command = std::function<void()>;

  PollLoop() = default;
  PollLoop(const PollLoop&) = delete;
  PollLoop& operator=(const PollLoop&) = delete;
  ~PollLoop();

  static int LiveHandles();

  // Takes the handle over. Counts as live until the handle is destroyed.
  void Adopt(rd_kafka_t* rk);

  // JS thread. `keep_alive`: an open client keeps the process up.
  void Start(Napi::Env env, std::shared_ptr<JsSide> js, std::unique_ptr<Role> role, bool keep_alive);
  void Post(Command command);
  // The process stays up while the client wants it to or while a promise of its is open.
  void SetKeepAlive(Napi::Env env, bool keep_alive);
  void UpdateKeepAlive(Napi::Env env);
  void BeginClose(uint32_t request, int timeout_ms);
  // GC of an unclosed client: leaves at once, no group leave, waits for nothing.
  void Abandon();

  // Any thread.
  void Wake() noexcept;

  // Poll or call thread.
  void Deliver(std::unique_ptr<Delivery> delivery);
  // Settles the promise of `request`; make() builds the value on the JS thread.
  template <class F>
  void Resolve(uint32_t request, F make);
  void Reject(uint32_t request, RdError error);
  void Settle(uint32_t request, RdError error);

  // Runs on the call thread, after the calls before it. Poll thread only.
  void Call(Command blocking);

  rd_kafka_t* rk() const { return rk_; }
  bool closing() const { return closing_; }

  // Queue callback: `opaque` is an Alarm.
  struct Alarm {
    std::atomic<bool> rang{true};
    PollLoop* loop = nullptr;
    bool Take() { return rang.exchange(false, std::memory_order_acq_rel); }
    void Ring() { rang.store(true, std::memory_order_release); }
  };
  static void Watch(rd_kafka_queue_t* queue, Alarm* alarm);
  static void Unwatch(rd_kafka_queue_t* queue);

  // Items handed over in one turn of the event loop, so that it stays short.
  static constexpr size_t kCrossingItems = 32;
  // Undelivered items at which a role should take no more: what piles up would only leave the caches.
  static constexpr size_t kFullItems = 16;
  bool IsFull() const { return backlog_.load(std::memory_order_acquire) >= kFullItems; }
  const std::shared_ptr<batch::SlabPool>& pool() const { return pool_; }

 private:
  struct Holder;
  static void CallJs(Napi::Env env, Napi::Function, Holder* holder, void*);
  using Tsfn = Napi::TypedThreadSafeFunction<Holder, void, CallJs>;

  static void CleanupHook(void* self);
  void Run();
  void RunCalls();
  void Finish();
  void FinishOnJs(Napi::Env env, JsSide& js);
  bool Cross();

  rd_kafka_t* rk_ = nullptr;
  std::unique_ptr<Role> role_;
  Tsfn tsfn_;
  // JS thread only
  std::shared_ptr<JsSide> js_;
  bool keep_alive_ = false;
  bool hooked_ = false;

  std::mutex mutex_;
  std::condition_variable condition_;
  std::atomic<bool> awake_{true};
  std::atomic<bool> killed_{false};
  std::vector<Command> commands_;  // under mutex_
  bool ended_ = false;             // under mutex_: the poll thread runs no more commands
  bool finished_ = false;          // under mutex_: the handle is destroyed
  std::condition_variable finish_condition_;

  std::mutex out_mutex_;
  std::deque<std::unique_ptr<Delivery>> out_;  // under out_mutex_
  bool crossing_ = false;                      // under out_mutex_: a crossing is on its way
  std::atomic<size_t> backlog_{0};             // size of out_
  std::shared_ptr<batch::SlabPool> pool_;

  bool closing_ = false;  // poll thread only
  std::optional<uint32_t> close_request_;

  std::thread call_thread_;  // poll thread only
  std::mutex call_mutex_;
  std::condition_variable call_condition_;
  std::deque<Command> calls_;  // under call_mutex_
  bool calls_end_ = false;     // under call_mutex_
};

template <class F>
void PollLoop::Resolve(uint32_t request, F make) {
  Deliver(MakeDelivery([request, make = std::move(make)](Napi::Env env, JsSide& js) mutable -> Napi::Value {
    auto found = js.promises.find(request);
    if (found == js.promises.end()) return Napi::Value();
    Napi::Promise::Deferred deferred = found->second;
    js.promises.erase(found);
    deferred.Resolve(make(env));
    return Napi::Value();
  }));
}
