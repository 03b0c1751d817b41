// The poll thread: one per client, the only code that serves its librdkafka queues, and the one crossing to JavaScript.
//
// Who may do what:
//   JS thread     Post() commands. Never waits, except in the environment's cleanup hook (bounded).
//   poll thread   runs commands, serves queues, Deliver()s, hands the end over to the reaper.
//   call thread   lazily started; runs the few librdkafka calls that block, so that the poll thread never does.
//   reaper        at the end only; destroys the handle, which may take as long as a broker thread's DNS look-up.
//   librdkafka    queue callbacks: set a ready bit and wake the loop, nothing else.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "batch.h"
#include "error.h"

using Clock = std::chrono::steady_clock;
using Deadline = std::optional<Clock::time_point>;

Clock::time_point After(int64_t milliseconds);
inline bool Passed(const Deadline& deadline) { return deadline && Clock::now() >= *deadline; }

// The JavaScript thread's half of a client: callback and pending promises. Touched on the JS thread only.
struct JsSide {
  Napi::FunctionReference deliver;
  std::unordered_map<uint32_t, napi_deferred> promises;
  uint32_t last_request = 0;

  // A request that is not pending any more is ignored.
  void Settle(Napi::Env env, uint32_t request, bool resolve, Napi::Value value);
};

// Something on its way to JavaScript. Destroyed undelivered when the environment is gone: then it only frees its
// payload.
class Delivery {
 public:
  virtual ~Delivery() = default;
  // On the JS thread; an empty value delivers nothing (it settled a promise).
  virtual Napi::Value Convert(Napi::Env env, JsSide& js) = 0;
};

template <class F>
std::unique_ptr<Delivery> MakeDelivery(F convert) {
  struct Lambda final : Delivery {
    explicit Lambda(F f) : convert(std::move(f)) {}
    Napi::Value Convert(Napi::Env env, JsSide& js) override { return convert(env, js); }
    F convert;
  };
  return std::make_unique<Lambda>(std::move(convert));
}

class PollLoop;

// Per environment: keeps every loop alive until JavaScript has seen its end, so that a cleanup hook never dangles.
struct EnvState {
  std::shared_ptr<batch::SlabPool> pool = std::make_shared<batch::SlabPool>();
  std::unordered_set<std::shared_ptr<PollLoop>> loops;
  size_t handed_over = 0;  // bytes of slabs since the collector was last nudged
  Deadline ends;           // set when the environment ends: until then it is waited for its loops, all together

  // The loops end without JavaScript: no group leave, nothing flushed (only an awaited close() promises that).
  void BeginEnd();
  // Until the handles are destroyed, or the time is over.
  void AwaitEnd();
};

// A librdkafka queue that wakes the loop when it gets its first event. Poll thread only, but for `ready`.
struct Source {
  rd::Queue queue;
  std::atomic<bool> ready{true};  // something may be in the queue

  Source() = default;
  explicit Source(rd_kafka_queue_t* owned) : queue(owned) {}
  ~Source() { Close(); }
  void Listen(PollLoop& loop);
  void Close();
  rd::Event Next() { return rd::Event(rd_kafka_queue_poll(queue.get(), 0)); }

 private:
  PollLoop* loop_ = nullptr;  // while it listens
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
  // Asked before each Serve while closing; what came in until then is still served.
  virtual bool IsClosed() = 0;
  // Drops every librdkafka object but the handle. On the reaper.
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
  // Leaves at once, no group leave, waits for nothing.
  void Abandon();
  bool abandoned() const { return killed_; }
  // Blocks until the handle is destroyed, or the time has come.
  void AwaitReaped(Clock::time_point until);

  // Any thread.
  void Wake() noexcept;

  // Poll or call thread. JavaScript gets it when the poll thread ends its turn, or when it is full.
  void Deliver(std::unique_ptr<Delivery> delivery);
  void DeliverSlab(batch::Slab slab);
  // { type, key: value, ... } of plain values, made into an object on the JS thread.
  template <class... Fields>
  void DeliverEvent(const char* type, Fields... fields);
  // Settle the promise of `request`; the value is converted on the JS thread.
  template <class T>
  void Resolve(uint32_t request, T value);
  void Reject(uint32_t request, RdError error);
  void Settle(uint32_t request, RdError error);

  // Runs on the call thread, after the calls before it. Poll thread only.
  void Call(Command blocking);

  rd_kafka_t* rk() const { return rk_; }
  bool closing() const { return closing_; }

  // JavaScript is behind: a role should take no more, for what piles up would only leave the caches. It is woken when
  // JavaScript has caught up.
  bool IsFull() const { return backlog_.load(std::memory_order_acquire) >= kFullItems; }
  const std::shared_ptr<batch::SlabPool>& pool() const { return pool_; }

 private:
  static constexpr size_t kFullItems = 8;

  struct Holder;
  static void CallJs(Napi::Env env, Napi::Function, Holder* holder, void*);
  using Tsfn = Napi::TypedThreadSafeFunction<Holder, void, CallJs>;

  static void CleanupHook(void* self);
  void Run();
  void RunCalls();
  void Finish();
  void Reap();
  void FinishOnJs(Napi::Env env, JsSide& js);
  void Cross();
  void CrossLocked();  // under out_mutex_
  bool TakeCrossing(Napi::Env env, JsSide& js);
  void Disconnect(std::unique_ptr<Delivery> last);

  rd_kafka_t* rk_ = nullptr;
  std::unique_ptr<Role> role_;
  // JS thread only
  std::shared_ptr<JsSide> js_;
  EnvState* env_state_ = nullptr;
  bool keep_alive_ = false;
  bool hooked_ = false;

  std::mutex mutex_;
  std::condition_variable condition_;
  std::atomic<bool> awake_{true};
  std::atomic<bool> killed_{false};
  std::vector<Command> commands_;  // under mutex_
  bool ended_ = false;             // under mutex_: the poll thread runs no more commands
  bool reaped_ = false;            // under mutex_: the handle is destroyed
  std::condition_variable reaped_condition_;

  std::mutex out_mutex_;
  Tsfn tsfn_;                                  // under out_mutex_ but for Ref and Unref
  std::deque<std::unique_ptr<Delivery>> out_;  // under out_mutex_
  bool crossing_ = false;                      // under out_mutex_: JavaScript is called, or will be
  bool draining_ = false;                      // under out_mutex_: nobody asks for another crossing any more
  bool disconnected_ = false;                  // under out_mutex_: nothing may be delivered any more
  std::atomic<size_t> backlog_{0};             // size of out_
  std::shared_ptr<batch::SlabPool> pool_;

  bool closing_ = false;  // poll thread only
  std::optional<uint32_t> close_request_;

  std::thread call_thread_;  // poll thread, then reaper
  std::mutex call_mutex_;
  std::condition_variable call_condition_;
  std::deque<Command> calls_;  // under call_mutex_
  bool calls_end_ = false;     // under call_mutex_
};

template <class... Fields>
void PollLoop::DeliverEvent(const char* type, Fields... fields) {
  Deliver(MakeDelivery([type, values = std::make_tuple(std::move(fields)...)](Napi::Env env, JsSide&) -> Napi::Value {
    return std::apply([&](const auto&... each) { return MakeObject(env, "type", type, each...); }, values);
  }));
}

template <class T>
void PollLoop::Resolve(uint32_t request, T value) {
  Deliver(MakeDelivery([request, value = std::move(value)](Napi::Env env, JsSide& js) {
    js.Settle(env, request, true, ToJs(env, value));
    return Napi::Value();
  }));
}
