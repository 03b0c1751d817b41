// The poll thread: one per client, the only code that serves its librdkafka queues.
//
// Threads, and what each may do:
//   JS thread     Post() commands. Never waits, except in the environment's cleanup hook (bounded).
//   poll thread   runs commands, serves queues, fills the outbox, hands the end over to the reaper.
//   call thread   lazily started; runs the few librdkafka calls that block, so that the poll thread never does.
//   reaper        at the end only; destroys the handle, which may take as long as a broker thread's DNS look-up.
//   librdkafka    queue callbacks: set a ready bit and wake the loop, nothing else.
#pragma once

#include "env.h"
#include "handle.h"
#include "loop/call_thread.h"
#include "loop/driver.h"
#include "loop/outbox.h"

class PollLoop : public EnvLoop, public Outbox::Owner, public std::enable_shared_from_this<PollLoop> {
 public:
  using Command = std::function<void()>;

  PollLoop() = default;
  PollLoop(const PollLoop&) = delete;
  PollLoop& operator=(const PollLoop&) = delete;

  // Takes the handle over.
  void Adopt(rd_kafka_t* rk) { handle_.Adopt(rk); }

  // JS thread. `keep_alive`: an open client keeps the process up.
  void Start(Napi::Env env, std::shared_ptr<PendingPromises> pending, std::unique_ptr<Driver> driver, bool keep_alive);
  void Post(Command command);
  // The process stays up while the client wants it to, or while one of its promises is pending.
  void SetKeepAlive(Napi::Env env, bool keep_alive);
  void UpdateKeepAlive(Napi::Env env) override;
  void BeginClose(uint32_t request, int timeout_ms);
  // Leaves at once, no group leave, waits for nothing.
  void Abandon() override;
  bool abandoned() const { return killed_; }
  void AwaitReaped(Clock::time_point until) override;

  // Any thread.
  void Wake() noexcept override;
  void FlushLater() override;

  // Runs on the call thread, after the calls before it. Poll thread only.
  void Call(CallThread::Call blocking) { calls_.Post(std::move(blocking)); }

  Outbox& out() { return out_; }
  const Handle& handle() const { return handle_; }
  rd_kafka_t* rk() const { return handle_.get(); }
  bool closing() const { return closing_; }
  const std::shared_ptr<wire::SlabPool>& pool() const { return pool_; }

 private:
  static void CleanupHook(void* self);
  void Run();
  void Finish();
  void Reap();
  void FinishOnJs(Napi::Env env, PendingPromises& pending);

  std::unique_ptr<Driver> driver_;
  Outbox out_;
  std::shared_ptr<wire::SlabPool> pool_;
  CallThread calls_{[this] { Wake(); }};
  // JS thread only
  std::shared_ptr<PendingPromises> pending_;
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

  bool closing_ = false;  // poll thread only
  std::optional<uint32_t> close_request_;

  // Last, so destroyed first where Start() was never called: the callbacks of its threads use the members above.
  Handle handle_;
};
