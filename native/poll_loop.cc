#include "poll_loop.h"

#include <algorithm>
#include <cstring>

namespace {
// The only mutable static of the addon: tests assert that it returns to zero.
std::atomic<int> live_handles{0};

// A safety tick. Wake-ups come from queue callbacks; the tick serves the control queue often enough for librdkafka's
// max.poll.interval.ms, and bounds what a lost wake-up could cost.
constexpr int kTickMs = 1000;
// How long an ending environment (worker.terminate, end of process) waits for all its handles before it leaves them
// behind. Safe because the addon is never unloaded (-z nodelete).
constexpr int kCleanupMs = 3000;
// How long JavaScript waits for the destruction, which waits in turn for calls in progress and for librdkafka's
// threads: before 2.10 one of them may sleep a second through the end. Together with the time that a close is given
// when a container stops it has to stay below ten seconds.
constexpr int kReapMs = 1500;
// Items handed over at once, so that one turn of the event loop stays short (a chunk is about 512 KiB).
constexpr size_t kCrossingItems = 16;
// JavaScript is called when there is nothing more to serve, or when so many items or turns came together: it would wake
// at the first one, on a machine with few cores in place of this thread, and call for the next one soon after.
constexpr size_t kWorthCrossing = 4;
constexpr int kMostTurns = 4;

// V8 collects its young generation when buffers of 32 MB hang on it, but looks at that only when it allocates such
// memory itself. Without it the garbage of a consumer waits for a collection of the whole heap (ten times the pause, 20
// a second at a gigabyte a second), and its memory leaves the caches meanwhile.
constexpr size_t kNudgeBytes = 1 << 20;

void NudgeCollector(Napi::Env env, size_t bytes) {
  auto* state = env.GetInstanceData<EnvState>();
  if (state == nullptr || (state->handed_over += bytes) < kNudgeBytes) return;
  state->handed_over = 0;
  napi_value smallest = nullptr;
  (void)napi_create_arraybuffer(env, 1, nullptr, &smallest);
}

Napi::Value SlabToJs(Napi::Env env, batch::Slab slab) {
  NudgeCollector(env, slab.size);
  napi_value result = nullptr;
  auto owner = std::make_unique<batch::Slab>(std::move(slab));
  napi_status status = napi_create_external_arraybuffer(
      env, owner->data.get(), owner->size,
      [](napi_env, void*, void* hint) { std::unique_ptr<batch::Slab> collected(static_cast<batch::Slab*>(hint)); },
      owner.get(), &result);
  // A general failure comes after node took the bytes: the finalizer frees them.
  if (status == napi_ok || status == napi_generic_failure) (void)owner.release();
  if (status == napi_no_external_buffers_allowed) {
    void* copy = nullptr;
    status = napi_create_arraybuffer(env, owner->size, &copy, &result);
    if (status == napi_ok) std::memcpy(copy, owner->data.get(), owner->size);
  }
  if (status != napi_ok) return Napi::Value();  // the environment is ending
  return Napi::Value(env, result);
}
}  // namespace

Clock::time_point After(int64_t milliseconds) { return Clock::now() + std::chrono::milliseconds(milliseconds); }

void JsSide::Settle(Napi::Env env, uint32_t request, bool resolve, Napi::Value value) {
  auto found = promises.find(request);
  if (found == promises.end()) return;
  napi_deferred deferred = found->second;
  promises.erase(found);
  // Refused only when the environment is ending.
  (void)(resolve ? napi_resolve_deferred : napi_reject_deferred)(env, deferred, value);
}

void Source::Listen(PollLoop& loop) {
  loop_ = &loop;
  // Called with the queue's lock held, on a librdkafka thread, only when an empty queue gets its first element.
  rd_kafka_queue_cb_event_enable(
      queue.get(),
      [](rd_kafka_t*, void* opaque) {
        auto* source = static_cast<Source*>(opaque);
        source->ready.store(true, std::memory_order_release);
        source->loop_->Wake();
      },
      this);
  // The queue may have filled before this line: look once more.
  ready.store(true, std::memory_order_release);
  loop.Wake();
}

void Source::Close() {
  // Only who listens may stop: a partition's queue has one callback, and it can be another lane's. The callback runs
  // under the queue's lock, so after this line none holds `this`.
  if (loop_ != nullptr) rd_kafka_queue_cb_event_enable(queue.get(), nullptr, nullptr);
  loop_ = nullptr;
  queue.reset();
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
  if (rk_ == nullptr) return;
  // Start() was never called: nobody else owns the handle.
  rd_kafka_destroy_flags(rk_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  live_handles--;
}

int PollLoop::LiveHandles() { return live_handles.load(); }

void PollLoop::Start(Napi::Env env, std::shared_ptr<JsSide> js, std::unique_ptr<Role> role, bool keep_alive) {
  role_ = std::move(role);
  js_ = std::move(js);
  keep_alive_ = keep_alive;
  Holder* holder = std::make_unique<Holder>(Holder{js_, weak_from_this()}).release();
  tsfn_ = Tsfn::New(env, "rdkafka-rx", 0, 1, holder,
                    [](Napi::Env, void*, Holder* mine) { std::unique_ptr<Holder> dropped(mine); });
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

void EnvState::BeginEnd() {
  if (ends) return;
  ends = After(kCleanupMs);
  for (const auto& loop : loops) loop->Abandon();
}

void EnvState::AwaitEnd() {
  for (const auto& loop : loops) loop->AwaitReaped(*ends);
}

void PollLoop::CleanupHook(void* raw) {
  auto self = static_cast<PollLoop*>(raw)->shared_from_this();
  self->env_state_->BeginEnd();
  self->Abandon();  // made after the end had begun, by a listener of 'exit'
  self->hooked_ = false;
  self->AwaitReaped(*self->env_state_->ends);
  // A thread that is late, or stuck for good, finds the door closed from here on. It may also be the last owner of the
  // loop and must not free a JavaScript reference then, so that is done here.
  self->Disconnect(nullptr);
  self->js_.reset();
  std::lock_guard<std::mutex> lock(self->out_mutex_);
  self->out_.clear();
}

// The last use of the thread-safe function; what was queued before is still delivered, then `last`. All in one step, so
// that JavaScript cannot see `last` and end the environment before the release.
void PollLoop::Disconnect(std::unique_ptr<Delivery> last) {
  std::lock_guard<std::mutex> lock(out_mutex_);
  if (disconnected_) return;
  disconnected_ = true;
  if (last) {
    out_.push_back(std::move(last));
    if (!crossing_) crossing_ = tsfn_.NonBlockingCall() == napi_ok;
  }
  tsfn_.Release();
}

void PollLoop::Post(Command command) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (ended_) return;  // its promise, if it has one, is rejected with the end
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
    role_->BeginClose(std::max(0, timeout_ms));
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
  // The ready bit was set before this exchange. If the loop is already told to wake, its own exchange comes after ours
  // in the flag's modification order, so it sees the bit; else we notify under the lock, so it cannot be between its
  // check and its sleep.
  if (awake_.exchange(true, std::memory_order_acq_rel)) return;
  std::lock_guard<std::mutex> lock(mutex_);
  condition_.notify_one();
}

void PollLoop::Run() {
  std::vector<Command> commands;
  int turns = 0;
  while (!killed_) {
    // Asked first: what librdkafka answered before it was closed is in the queue by then, and still served.
    const bool closed = closing_ && role_->IsClosed();
    const bool more = role_->Serve();
    if (closed) break;
    if (!more || ++turns >= kMostTurns || backlog_.load(std::memory_order_acquire) >= kWorthCrossing) {
      turns = 0;
      Cross();
    }
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
    for (Command& command : commands) {
      if (!killed_) command();
    }
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
  {
    std::lock_guard<std::mutex> lock(out_mutex_);
    draining_ = true;
  }
  Cross();
  std::thread([self = shared_from_this()] { self->Reap(); }).detach();
  AwaitReaped(After(kReapMs));
  Disconnect(MakeDelivery([self = shared_from_this()](Napi::Env env, JsSide& js) {
    self->FinishOnJs(env, js);
    return Napi::Value();
  }));
}

void PollLoop::Reap() {
  {
    std::lock_guard<std::mutex> lock(call_mutex_);
    calls_end_ = true;
  }
  call_condition_.notify_one();
  if (call_thread_.joinable()) call_thread_.join();
  role_->Teardown();
  rd_kafka_destroy_flags(rk_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  rk_ = nullptr;
  role_.reset();
  live_handles--;
  std::lock_guard<std::mutex> lock(mutex_);
  reaped_ = true;
  reaped_condition_.notify_all();
}

void PollLoop::FinishOnJs(Napi::Env env, JsSide& js) {
  if (hooked_) napi_remove_env_cleanup_hook(env, CleanupHook, this);
  hooked_ = false;
  if (close_request_) js.Settle(env, *close_request_, true, env.Undefined());
  // What was still asked of a client that closed meanwhile must settle too.
  const Napi::Value closed = ToJs(env, RdError(RD_KAFKA_RESP_ERR__DESTROY));
  while (!js.promises.empty()) js.Settle(env, js.promises.begin()->first, false, closed);
  // Here, because the last owner of the loop may be another thread, which must not free a JavaScript reference.
  js_.reset();
  env_state_->loops.erase(shared_from_this());
}

void PollLoop::Deliver(std::unique_ptr<Delivery> delivery) {
  std::lock_guard<std::mutex> lock(out_mutex_);
  if (disconnected_) return;
  out_.push_back(std::move(delivery));
  backlog_.store(out_.size(), std::memory_order_release);
  // A storm of logs can make a turn long: JavaScript does not wait for its end.
  if (IsFull()) CrossLocked();
}

void PollLoop::DeliverSlab(batch::Slab slab) {
  Deliver(MakeDelivery(
      [slab = std::move(slab)](Napi::Env env, JsSide&) mutable { return SlabToJs(env, std::move(slab)); }));
}

void PollLoop::Cross() {
  std::lock_guard<std::mutex> lock(out_mutex_);
  CrossLocked();
}

void PollLoop::CrossLocked() {
  if (out_.empty() || crossing_ || disconnected_) return;
  crossing_ = tsfn_.NonBlockingCall() == napi_ok;
}

void PollLoop::CallJs(Napi::Env env, Napi::Function, Holder* holder, void*) {
  if (env == nullptr) return;
  std::shared_ptr<PollLoop> loop = holder->loop.lock();
  while (loop && loop->TakeCrossing(env, *holder->js)) {
  }
}

// True when it must be called again at once.
bool PollLoop::TakeCrossing(Napi::Env env, JsSide& js) {
  std::vector<std::unique_ptr<Delivery>> items;
  {
    std::lock_guard<std::mutex> lock(out_mutex_);
    for (; !out_.empty() && items.size() < kCrossingItems; out_.pop_front()) items.push_back(std::move(out_.front()));
    const bool was_full = IsFull();
    backlog_.store(out_.size(), std::memory_order_release);
    if (was_full && !IsFull()) Wake();
  }
  Napi::HandleScope scope(env);
  Napi::Array array = Napi::Array::New(env);
  uint32_t count = 0;
  for (auto& item : items) {
    Napi::Value value = item->Convert(env, js);
    if (!value.IsEmpty()) napi_set_element(env, array, count++, value);
  }
  UpdateKeepAlive(env);
  if (count > 0 && !js.deliver.IsEmpty()) {
    napi_value argument = array;
    napi_call_function(env, env.Undefined(), js.deliver.Value(), 1, &argument, nullptr);
    // The callback catches what it can; what still escapes must not be lost: it becomes an uncaught exception.
    napi_value exception = nullptr;
    if (env.IsExceptionPending() && napi_get_and_clear_last_exception(env, &exception) == napi_ok) {
      napi_fatal_exception(env, exception);
    }
  }
  {
    std::lock_guard<std::mutex> lock(out_mutex_);
    if (draining_ && !out_.empty()) return true;
    crossing_ = false;
    if (out_.empty()) return false;
  }
  // The next crossing is the poll thread's to ask for, so that it comes in another turn of the event loop: node would
  // dispatch a call made from here within this turn, up to a thousand times, and starve timers and sockets.
  Post([this] { Cross(); });
  return false;
}

void PollLoop::Reject(uint32_t request, RdError error) {
  Deliver(MakeDelivery([request, error = std::move(error)](Napi::Env env, JsSide& js) {
    js.Settle(env, request, false, ToJs(env, error));
    return Napi::Value();
  }));
}

void PollLoop::Settle(uint32_t request, RdError error) {
  if (error) return Reject(request, std::move(error));
  Resolve(request, nullptr);
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
    Wake();  // it may have delivered something
    lock.lock();
  }
}
