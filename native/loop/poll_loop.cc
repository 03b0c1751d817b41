#include "loop/poll_loop.h"

#include <algorithm>

namespace {
// A safety tick. Wake-ups come from queue callbacks; the tick serves the control queue often enough for librdkafka's
// max.poll.interval.ms, and bounds the cost of a lost wake-up.
constexpr int kTickMs = 1000;
// How long JavaScript waits for the destruction, which waits in turn for calls in progress and for librdkafka's
// threads: before 2.10 one of them may sleep a second through the end. Together with the time that a close is given
// when a container stops it has to stay below ten seconds.
constexpr int kReapMs = 1500;
// Turns without a crossing, at most.
constexpr int kMostTurns = 4;
}  // namespace

void PollLoop::Start(Napi::Env env, std::shared_ptr<PendingPromises> pending, std::unique_ptr<Driver> driver,
                     bool keep_alive) {
  driver_ = std::move(driver);
  pending_ = std::move(pending);
  keep_alive_ = keep_alive;
  out_.Open(env, pending_, std::weak_ptr<Outbox::Owner>(shared_from_this()));
  env_state_ = env.GetInstanceData<EnvState>();
  env_state_->loops.insert(shared_from_this());
  pool_ = env_state_->pool;
  // Hooks run last in, first out, and the thread-safe function has one of its own: registered after it, ours runs
  // first, while the poll thread may still use it.
  napi_add_env_cleanup_hook(env, CleanupHook, this);
  hooked_ = true;
  UpdateKeepAlive(env);
  std::thread([self = shared_from_this()] { self->Run(); }).detach();
}

void PollLoop::CleanupHook(void* raw) {
  auto self = static_cast<PollLoop*>(raw)->shared_from_this();
  self->env_state_->BeginEnd();
  self->Abandon();  // made after the end had begun, by a listener of 'exit'
  self->hooked_ = false;
  self->AwaitReaped(*self->env_state_->ends);
  // A thread that is late, or stuck for good, delivers nothing from here on. It may also be the last owner of the loop
  // and must not free a JavaScript reference then, so that is done here.
  self->out_.Disconnect(nullptr);
  self->pending_.reset();
  self->out_.Clear();
}

void PollLoop::Post(Command command) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (ended_) return;  // its promise, if it has one, is rejected at the end
    commands_.push_back(std::move(command));
  }
  Wake();
}

void PollLoop::SetKeepAlive(Napi::Env env, bool keep_alive) {
  keep_alive_ = keep_alive;
  UpdateKeepAlive(env);
}

void PollLoop::UpdateKeepAlive(Napi::Env env) {
  if (!hooked_) return;
  if (keep_alive_ || !pending_->promises.empty()) {
    out_.Ref(env);
  } else {
    out_.Unref(env);
  }
}

void PollLoop::BeginClose(uint32_t request, int timeout_ms) {
  Post([this, request, timeout_ms] {
    close_request_ = request;
    closing_ = true;
    driver_->BeginClose(std::max(0, timeout_ms));
  });
}

void PollLoop::Abandon() {
  killed_ = true;
  Wake();
}

void PollLoop::AwaitReaped(Clock::time_point until) {
  std::unique_lock<std::mutex> lock(mutex_);
  reaped_condition_.wait_until(lock, until, [&] { return reaped_; });
}

void PollLoop::Wake() noexcept {
  // The ready bit was set before this exchange. If a wake-up is pending already, the loop's own exchange comes after
  // ours in the flag's modification order, so it sees the bit; else we notify under the lock, so it cannot be between
  // its check and its sleep.
  if (awake_.exchange(true, std::memory_order_acq_rel)) return;
  std::lock_guard<std::mutex> lock(mutex_);
  condition_.notify_one();
}

void PollLoop::Run() {
  std::vector<Command> commands;
  int turns = 0;
  while (!killed_) {
    // Asked first: librdkafka's answers from before it closed are in the queue by then, and still served.
    const bool closed = closing_ && driver_->IsClosed();
    const bool more = driver_->Serve();
    if (closed) break;
    if (!more || ++turns >= kMostTurns || out_.IsWorthFlushing()) {
      turns = 0;
      out_.Flush();
    }
    {
      std::unique_lock<std::mutex> lock(mutex_);
      if (!more) {
        Clock::time_point until = After(kTickMs);
        if (Deadline next = driver_->NextDeadline()) until = std::min(until, *next);
        condition_.wait_until(lock, until, [&] { return awake_.load(std::memory_order_acquire); });
      }
      awake_.exchange(false, std::memory_order_acq_rel);
      commands.swap(commands_);
    }
    for (Command& command : commands) {
      if (!killed_) command();
    }
    commands.clear();
  }
  Finish();
}

void PollLoop::FlushLater() {
  Post([this] { out_.Flush(); });
}

void PollLoop::Finish() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
    commands_.clear();
  }
  out_.BeginDrain();
  out_.Flush();
  std::thread([self = shared_from_this()] { self->Reap(); }).detach();
  AwaitReaped(After(kReapMs));
  out_.Disconnect(MakeDelivery([self = shared_from_this()](Napi::Env env, PendingPromises& pending) {
    self->FinishOnJs(env, pending);
    return Napi::Value();
  }));
}

void PollLoop::Reap() {
  calls_.End();
  driver_->Teardown();
  handle_.Destroy();
  driver_.reset();
  std::lock_guard<std::mutex> lock(mutex_);
  reaped_ = true;
  reaped_condition_.notify_all();
}

void PollLoop::FinishOnJs(Napi::Env env, PendingPromises& pending) {
  if (hooked_) napi_remove_env_cleanup_hook(env, CleanupHook, this);
  hooked_ = false;
  if (close_request_) pending.Settle(env, *close_request_, true, env.Undefined());
  // Requests that were pending when the client closed must settle too.
  const Napi::Value closed = ToJs(env, RdError(RD_KAFKA_RESP_ERR__DESTROY));
  while (!pending.promises.empty()) pending.Settle(env, pending.promises.begin()->first, false, closed);
  // Here, because the last owner of the loop may be another thread, which must not free a JavaScript reference.
  pending_.reset();
  env_state_->loops.erase(shared_from_this());
}
