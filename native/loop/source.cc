#include "loop/source.h"

#include "loop/poll_loop.h"

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
  // Only the listener may stop: a partition's queue has one callback, and it can be another lane's. The callback runs
  // under the queue's lock, so after this line none holds `this`.
  if (loop_ != nullptr) rd_kafka_queue_cb_event_enable(queue.get(), nullptr, nullptr);
  loop_ = nullptr;
  queue.reset();
}
