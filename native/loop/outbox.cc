#include "loop/outbox.h"

#include <cstring>

#include "env.h"

namespace {
// Items handed over at once, so that one turn of the event loop stays short (a chunk is about 512 KiB).
constexpr size_t kCrossingItems = 16;

// V8 collects its young generation when buffers of 32 MB hang on it, but checks that only when it allocates such memory
// itself. Without a nudge a consumer's garbage waits for a collection of the whole heap (ten times the pause, 20 a
// second at a gigabyte a second), and its memory leaves the caches meanwhile.
constexpr size_t kNudgeBytes = 1 << 20;

void NudgeCollector(Napi::Env env, size_t bytes) {
  auto* state = env.GetInstanceData<EnvState>();
  if (state == nullptr || (state->handed_over += bytes) < kNudgeBytes) return;
  state->handed_over = 0;
  napi_value smallest = nullptr;
  (void)napi_create_arraybuffer(env, 1, nullptr, &smallest);
}

Napi::Value SlabToJs(Napi::Env env, wire::Slab slab) {
  NudgeCollector(env, slab.size);
  napi_value result = nullptr;
  auto owner = std::make_unique<wire::Slab>(std::move(slab));
  napi_status status = napi_create_external_arraybuffer(
      env, owner->data.get(), owner->size,
      [](napi_env, void*, void* hint) { std::unique_ptr<wire::Slab> collected(static_cast<wire::Slab*>(hint)); },
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

void PendingPromises::Settle(Napi::Env env, uint32_t request, bool resolve, Napi::Value value) {
  auto found = promises.find(request);
  if (found == promises.end()) return;
  napi_deferred deferred = found->second;
  promises.erase(found);
  // Refused only when the environment is ending.
  (void)(resolve ? napi_resolve_deferred : napi_reject_deferred)(env, deferred, value);
}

// Kept alive by the thread-safe function until it is finalized on the JS thread.
struct Outbox::Holder {
  Outbox* outbox;
  std::shared_ptr<PendingPromises> pending;
  std::weak_ptr<Owner> owner;  // owns the outbox, too
};

void Outbox::Open(Napi::Env env, std::shared_ptr<PendingPromises> pending, std::weak_ptr<Owner> owner) {
  Holder* holder = std::make_unique<Holder>(Holder{this, std::move(pending), std::move(owner)}).release();
  tsfn_ = Tsfn::New(env, "rdkafka-rx", 0, 1, holder,
                    [](Napi::Env, void*, Holder* mine) { std::unique_ptr<Holder> dropped(mine); });
}

void Outbox::Deliver(std::unique_ptr<Delivery> delivery) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (disconnected_) return;
  items_.push_back(std::move(delivery));
  backlog_.store(items_.size(), std::memory_order_release);
  // A storm of logs can make a turn long: JavaScript does not wait for its end.
  if (IsFull()) FlushLocked();
}

void Outbox::DeliverSlab(wire::Slab slab) {
  Deliver(MakeDelivery(
      [slab = std::move(slab)](Napi::Env env, PendingPromises&) mutable { return SlabToJs(env, std::move(slab)); }));
}

void Outbox::Reject(uint32_t request, RdError error) {
  Deliver(MakeDelivery([request, error = std::move(error)](Napi::Env env, PendingPromises& pending) {
    pending.Settle(env, request, false, ToJs(env, error));
    return Napi::Value();
  }));
}

void Outbox::Settle(uint32_t request, RdError error) {
  if (error) return Reject(request, std::move(error));
  Resolve(request, nullptr);
}

void Outbox::Flush() {
  std::lock_guard<std::mutex> lock(mutex_);
  FlushLocked();
}

void Outbox::FlushLocked() {
  if (items_.empty() || crossing_ || disconnected_) return;
  crossing_ = tsfn_.NonBlockingCall() == napi_ok;
}

void Outbox::BeginDrain() {
  std::lock_guard<std::mutex> lock(mutex_);
  draining_ = true;
}

void Outbox::Disconnect(std::unique_ptr<Delivery> last) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (disconnected_) return;
  disconnected_ = true;
  if (last) {
    items_.push_back(std::move(last));
    if (!crossing_) crossing_ = tsfn_.NonBlockingCall() == napi_ok;
  }
  tsfn_.Release();
}

void Outbox::Clear() {
  std::lock_guard<std::mutex> lock(mutex_);
  items_.clear();
}

void Outbox::CallJs(Napi::Env env, Napi::Function, Holder* holder, void*) {
  if (env == nullptr) return;
  std::shared_ptr<Owner> owner = holder->owner.lock();
  while (owner && holder->outbox->DrainToJs(env, *holder->pending, *owner)) {
  }
}

// True when it must be called again at once.
bool Outbox::DrainToJs(Napi::Env env, PendingPromises& pending, Owner& owner) {
  std::vector<std::unique_ptr<Delivery>> items;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (; !items_.empty() && items.size() < kCrossingItems; items_.pop_front())
      items.push_back(std::move(items_.front()));
    const bool was_full = IsFull();
    backlog_.store(items_.size(), std::memory_order_release);
    if (was_full && !IsFull()) owner.Wake();
  }
  Napi::HandleScope scope(env);
  Napi::Array array = Napi::Array::New(env);
  uint32_t count = 0;
  for (auto& item : items) {
    Napi::Value value = item->Convert(env, pending);
    if (!value.IsEmpty()) napi_set_element(env, array, count++, value);
  }
  owner.UpdateKeepAlive(env);
  if (count > 0 && !pending.deliver.IsEmpty()) {
    napi_value argument = array;
    napi_call_function(env, env.Undefined(), pending.deliver.Value(), 1, &argument, nullptr);
    // The callback catches what it can; an exception that still escapes becomes an uncaught one.
    napi_value exception = nullptr;
    if (env.IsExceptionPending() && napi_get_and_clear_last_exception(env, &exception) == napi_ok) {
      napi_fatal_exception(env, exception);
    }
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (draining_ && !items_.empty()) return true;
    crossing_ = false;
    if (items_.empty()) return false;
  }
  // The poll thread makes the next call, so that it comes in another turn of the event loop: node would dispatch a call
  // made from here within this turn, up to a thousand times, and starve timers and sockets.
  owner.FlushLater();
  return false;
}
