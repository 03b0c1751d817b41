#include "poll_loop.h"

#include <cstring>

namespace {
// The only mutable static of the addon: tests assert that it returns to zero.
std::atomic<int> live_handles{0};

// A safety tick. Wake-ups come from queue callbacks; the tick serves the control queue often enough for librdkafka's
// max.poll.interval.ms, and bounds what a lost wake-up could cost.
constexpr int kTickMs = 1000;
// How long an ending environment (worker.terminate, end of process) waits for the poll thread before it leaves the
// handle behind. Safe because the addon is never unloaded (-z nodelete).
constexpr int kCleanupMs = 3000;
}  // namespace

Clock::time_point After(int milliseconds) { return Clock::now() + std::chrono::milliseconds(milliseconds); }

Napi::Value SlabToJs(Napi::Env env, batch::Slab slab) {
  napi_value result = nullptr;
  auto owner = std::make_unique<batch::Slab>(std::move(slab));
  napi_status status = napi_create_external_arraybuffer(
      env, owner->data.get(), owner->size,
      [](napi_env, void*, void* hint) { std::unique_ptr<batch::Slab> collected(static_cast<batch::Slab*>(hint)); },
      owner.get(), &result);
  if (status == napi_ok) {
    (void)owner.release();
    return Napi::Value(env, result);
  }
  if (status != napi_no_external_buffers_allowed) return env.Undefined();
  void* copy = nullptr;
  if (napi_create_arraybuffer(env, owner->size, &copy, &result) != napi_ok) return env.Undefined();
  std::memcpy(copy, owner->data.get(), owner->size);
  return Napi::Value(env, result);
}

// What the thread-safe function keeps alive until it is finalized on the JS thread.
struct PollLoop::Holder {
  std::shared_ptr<JsSide> js;
  std::weak_ptr<PollLoop> loop;
};

void PollLoop::Adopt(rd_kafka_t* rk) {
  rk_ = rk;
  live_handles++;
}

PollLoop::~PollLoop() {
  // Start() was never called: nobody else owns the handle.
  if (rk_ != nullptr) rd_kafka_destroy_flags(rk_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  if (rk_ != nullptr) live_handles--;
}

int PollLoop::LiveHandles() { return live_handles.load(); }

void PollLoop::Start(Napi::Env env, std::shared_ptr<JsSide> js, std::unique_ptr<Role> role, bool keep_alive) {
  role_ = std::move(role);
  js_ = std::move(js);
  keep_alive_ = keep_alive;
  Holder* holder = std::make_unique<Holder>(Holder{js_, weak_from_this()}).release();
  tsfn_ = Tsfn::New(env, "rdkafka-rx", 0, 1, holder,
                    [](Napi::Env, void*, Holder* mine) { std::unique_ptr<Holder> dropped(mine); });
  auto* state = env.GetInstanceData<EnvState>();
  state->loops.insert(shared_from_this());
  pool_ = state->pool;
  // Hooks run last in, first out, and the thread-safe function has one of its own: registered after it, ours runs
  // first, while the poll thread may still use it.
  napi_add_env_cleanup_hook(env, CleanupHook, this);
  hooked_ = true;
  UpdateKeepAlive(env);
  std::thread([self = shared_from_this()] { self->Run(); }).detach();
}

void PollLoop::CleanupHook(void* self) {
  // The poll thread ends without JavaScript: no group leave, nothing flushed (only an awaited close() promises that).
  auto loop = static_cast<PollLoop*>(self)->shared_from_this();
  loop->hooked_ = false;
  loop->killed_ = true;
  loop->Wake();
  std::unique_lock<std::mutex> lock(loop->mutex_);
  loop->finish_condition_.wait_for(lock, std::chrono::milliseconds(kCleanupMs), [&] { return loop->finished_; });
}

void PollLoop::Post(Command command) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (ended_) return;  // its promise is rejected by the JS side, which knows that it is closed
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
  if (keep_alive_ || !js_->promises.empty()) {
    tsfn_.Ref(env);
  } else {
    tsfn_.Unref(env);
  }
}

void PollLoop::BeginClose(uint32_t request, int timeout_ms) {
  Post([this, request, timeout_ms] {
    close_request_ = request;
    closing_ = true;
    role_->BeginClose(timeout_ms);
  });
}

void PollLoop::Abandon() {
  killed_ = true;
  Wake();
}

void PollLoop::Wake() noexcept {
  // The ready bit was set before this exchange. If the loop is already told to wake, its own exchange comes after ours
  // in the flag's modification order, so it sees the bit; else we notify under the lock, so it cannot be between its
  // check and its sleep.
  if (awake_.exchange(true, std::memory_order_acq_rel)) return;
  std::lock_guard<std::mutex> lock(mutex_);
  condition_.notify_one();
}

void PollLoop::Watch(rd_kafka_queue_t* queue, Alarm* alarm) {
  // Called with the queue's lock held, on a librdkafka thread, only when an empty queue gets its first element.
  rd_kafka_queue_cb_event_enable(
      queue,
      [](rd_kafka_t*, void* opaque) {
        auto* alarm = static_cast<Alarm*>(opaque);
        alarm->Ring();
        alarm->loop->Wake();
      },
      alarm);
  // The queue may have filled between its creation and this line: look once more.
  alarm->Ring();
  alarm->loop->Wake();
}

void PollLoop::Unwatch(rd_kafka_queue_t* queue) { rd_kafka_queue_cb_event_enable(queue, nullptr, nullptr); }

void PollLoop::Run() {
  std::vector<Command> commands;
  while (!killed_) {
    bool more = role_->Serve();
    if (closing_ && role_->IsClosed()) break;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      if (!more) {
        Clock::time_point until = After(kTickMs);
        if (Deadline next = role_->NextDeadline()) until = std::min(until, *next);
        condition_.wait_until(lock, until, [&] { return awake_.load(std::memory_order_acquire); });
      }
      awake_.exchange(false, std::memory_order_acq_rel);
      commands.swap(commands_);
    }
    for (Command& command : commands) command();
    commands.clear();
  }
  Finish();
}

void PollLoop::Finish() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
    commands_.clear();
  }
  if (call_thread_.joinable()) {
    {
      std::lock_guard<std::mutex> lock(call_mutex_);
      calls_end_ = true;
    }
    call_condition_.notify_one();
    call_thread_.join();
  }
  role_->Teardown();
  rd_kafka_destroy_flags(rk_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  rk_ = nullptr;
  role_.reset();
  live_handles--;
  Deliver(MakeDelivery([self = shared_from_this()](Napi::Env env, JsSide& js) {
    self->FinishOnJs(env, js);
    return Napi::Value();
  }));
  // Release is this thread's last use of the thread-safe function; items queued before it are still delivered.
  tsfn_.Release();
  std::lock_guard<std::mutex> lock(mutex_);
  finished_ = true;
  finish_condition_.notify_all();
}

void PollLoop::Deliver(std::unique_ptr<Delivery> delivery) {
  std::lock_guard<std::mutex> lock(out_mutex_);
  out_.push_back(std::move(delivery));
  backlog_.store(out_.size(), std::memory_order_release);
  if (crossing_) return;
  // Refused only while the environment ends; the cleanup hook has told the loop by then.
  crossing_ = Cross();
  if (!crossing_) out_.clear();
}

bool PollLoop::Cross() { return tsfn_.NonBlockingCall() == napi_ok; }

void PollLoop::FinishOnJs(Napi::Env env, JsSide& js) {
  if (hooked_) napi_remove_env_cleanup_hook(env, CleanupHook, this);
  hooked_ = false;
  // What was still asked of a client that closed meanwhile must settle too.
  auto promises = std::move(js.promises);
  js.promises.clear();
  for (auto& [id, deferred] : promises) {
    if (close_request_ && id == *close_request_) {
      deferred.Resolve(env.Undefined());
    } else {
      deferred.Reject(RdError(RD_KAFKA_RESP_ERR__DESTROY).ToJs(env));
    }
  }
  // Here, because the last owner of the loop may be the poll thread, which must not free a JavaScript reference.
  js_.reset();
  env.GetInstanceData<EnvState>()->loops.erase(shared_from_this());
}

void PollLoop::CallJs(Napi::Env env, Napi::Function, Holder* holder, void*) {
  if (env == nullptr) return;
  std::shared_ptr<PollLoop> loop = holder->loop.lock();
  if (!loop) return;
  std::vector<std::unique_ptr<Delivery>> items;
  {
    std::lock_guard<std::mutex> lock(loop->out_mutex_);
    size_t limit = kCrossingItems;
    // More than one crossing's worth: come back on a later turn of the event loop. That call is refused once the poll
    // thread has released the function and this was its last queued call: then take all that is left now.
    if (loop->out_.size() > limit && !loop->Cross()) limit = loop->out_.size();
    while (!loop->out_.empty() && items.size() < limit) {
      items.push_back(std::move(loop->out_.front()));
      loop->out_.pop_front();
    }
    loop->crossing_ = !loop->out_.empty();
    const bool was_full = loop->IsFull();
    loop->backlog_.store(loop->out_.size(), std::memory_order_release);
    if (was_full && !loop->IsFull()) loop->Wake();
  }
  Napi::HandleScope scope(env);
  Napi::Array array = Napi::Array::New(env);
  uint32_t at = 0;
  for (auto& item : items) {
    Napi::Value value = item->ToJs(env, *holder->js);
    if (!value.IsEmpty()) array[at++] = value;
  }
  if (loop->hooked_) loop->UpdateKeepAlive(env);
  if (at == 0 || holder->js->deliver.IsEmpty()) return;
  // The callback catches what it can; what still escapes must not be lost: it becomes an uncaught exception.
  holder->js->deliver.Call({array});
  if (env.IsExceptionPending()) napi_fatal_exception(env, env.GetAndClearPendingException().Value());
}

void PollLoop::Reject(uint32_t request, RdError error) {
  Deliver(MakeDelivery([request, error = std::move(error)](Napi::Env env, JsSide& js) {
    auto found = js.promises.find(request);
    if (found == js.promises.end()) return Napi::Value();
    Napi::Promise::Deferred deferred = found->second;
    js.promises.erase(found);
    deferred.Reject(error.ToJs(env));
    return Napi::Value();
  }));
}

void PollLoop::Settle(uint32_t request, RdError error) {
  if (error) return Reject(request, std::move(error));
  Resolve(request, [](Napi::Env env) { return env.Undefined(); });
}

void PollLoop::Call(Command blocking) {
  {
    std::lock_guard<std::mutex> lock(call_mutex_);
    calls_.push_back(std::move(blocking));
  }
  if (call_thread_.joinable()) return call_condition_.notify_one();
  call_thread_ = std::thread([this] { RunCalls(); });
}

void PollLoop::RunCalls() {
  std::unique_lock<std::mutex> lock(call_mutex_);
  while (true) {
    call_condition_.wait(lock, [&] { return calls_end_ || !calls_.empty(); });
    if (calls_end_) return;  // closing: what is still queued is rejected with the close
    Command call = std::move(calls_.front());
    calls_.pop_front();
    lock.unlock();
    call();
    lock.lock();
  }
}
