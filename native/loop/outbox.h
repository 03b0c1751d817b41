// Deliveries on their way to JavaScript: a first-in-first-out list that crosses in one call for all that is ready.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <tuple>
#include <unordered_map>

#include "error.h"
#include "wire/slab.h"

// The JavaScript thread's half of a client: callback and pending promises. Touched on the JS thread only.
struct PendingPromises {
  Napi::FunctionReference deliver;
  std::unordered_map<uint32_t, napi_deferred> promises;
  uint32_t last_request = 0;

  // A request that is no longer pending is ignored.
  void Settle(Napi::Env env, uint32_t request, bool resolve, Napi::Value value);
};

// Destroyed undelivered when the environment is gone: then it only frees its payload.
class Delivery {
 public:
  virtual ~Delivery() = default;
  // On the JS thread; an empty value delivers nothing (it settled a promise).
  virtual Napi::Value Convert(Napi::Env env, PendingPromises& pending) = 0;
};

template <class F>
std::unique_ptr<Delivery> MakeDelivery(F convert) {
  struct Lambda final : Delivery {
    explicit Lambda(F f) : convert(std::move(f)) {}
    Napi::Value Convert(Napi::Env env, PendingPromises& pending) override { return convert(env, pending); }
    F convert;
  };
  return std::make_unique<Lambda>(std::move(convert));
}

class Outbox {
 public:
  // The loop whose deliveries these are.
  class Owner {
   public:
    virtual ~Owner() = default;
    // JavaScript has caught up.
    virtual void Wake() noexcept = 0;
    // Calls Flush() in another turn of the event loop.
    virtual void FlushLater() = 0;
    // On the JS thread, after promises were settled.
    virtual void UpdateKeepAlive(Napi::Env env) = 0;
  };

  // JS thread.
  void Open(Napi::Env env, std::shared_ptr<PendingPromises> pending, std::weak_ptr<Owner> owner);
  void Ref(Napi::Env env) { tsfn_.Ref(env); }
  void Unref(Napi::Env env) { tsfn_.Unref(env); }

  // Poll or call thread. JavaScript gets it with the next Flush(), or when the outbox is full.
  void Deliver(std::unique_ptr<Delivery> delivery);
  void DeliverSlab(wire::Slab slab);
  // { type, key: value, ... } of plain values, made into an object on the JS thread.
  template <class... Fields>
  void DeliverEvent(const char* type, Fields... fields);
  // Settle the promise of `request`; the value is converted on the JS thread.
  template <class T>
  void Resolve(uint32_t request, T value);
  void Reject(uint32_t request, RdError error);
  void Settle(uint32_t request, RdError error);

  // Calls JavaScript, unless it is called already.
  void Flush();
  // JavaScript is behind: a driver should take no more, because a pile only leaves the caches. The owner is woken when
  // JavaScript has caught up.
  bool IsFull() const { return backlog_.load(std::memory_order_acquire) >= kFullItems; }
  bool IsWorthFlushing() const { return backlog_.load(std::memory_order_acquire) >= kWorthFlushing; }
  // From now on one call takes everything: no other Flush() comes.
  void BeginDrain();
  // The last use of the thread-safe function; earlier deliveries still arrive, then `last`. All in one step, so that
  // JavaScript cannot see `last` and end the environment before the release.
  void Disconnect(std::unique_ptr<Delivery> last);
  // Drops deliveries that JavaScript will not see.
  void Clear();

 private:
  static constexpr size_t kFullItems = 8;
  // JavaScript is called when there is nothing more to serve, or when so many items came together: waking it per item
  // would preempt the poll thread on a machine with few cores, and need the next call soon after.
  static constexpr size_t kWorthFlushing = 4;

  struct Holder;
  static void CallJs(Napi::Env env, Napi::Function, Holder* holder, void*);
  using Tsfn = Napi::TypedThreadSafeFunction<Holder, void, CallJs>;

  void FlushLocked();  // under mutex_
  bool DrainToJs(Napi::Env env, PendingPromises& pending, Owner& owner);

  std::mutex mutex_;
  Tsfn tsfn_;                                    // under mutex_ but for Ref and Unref
  std::deque<std::unique_ptr<Delivery>> items_;  // under mutex_
  bool crossing_ = false;                        // under mutex_: JavaScript is called, or will be
  bool draining_ = false;                        // under mutex_: no further Flush() comes
  bool disconnected_ = false;                    // under mutex_: nothing may be delivered any more
  std::atomic<size_t> backlog_{0};               // size of items_
};

template <class... Fields>
void Outbox::DeliverEvent(const char* type, Fields... fields) {
  Deliver(MakeDelivery(
      [type, values = std::make_tuple(std::move(fields)...)](Napi::Env env, PendingPromises&) -> Napi::Value {
        return std::apply([&](const auto&... each) { return MakeObject(env, "type", type, each...); }, values);
      }));
}

template <class T>
void Outbox::Resolve(uint32_t request, T value) {
  Deliver(MakeDelivery([request, value = std::move(value)](Napi::Env env, PendingPromises& pending) {
    pending.Settle(env, request, true, ToJs(env, value));
    return Napi::Value();
  }));
}
