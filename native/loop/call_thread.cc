#include "loop/call_thread.h"

void CallThread::Post(Call call) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    calls_.push_back(std::move(call));
  }
  if (thread_.joinable()) return condition_.notify_one();
  thread_ = std::thread([this] { Run(); });
}

void CallThread::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    condition_.wait(lock, [&] { return ends_ || !calls_.empty(); });
    if (ends_) return;  // closing: calls that are still queued are rejected with the close
    Call call = std::move(calls_.front());
    calls_.pop_front();
    lock.unlock();
    call();
    wake_();
    lock.lock();
  }
}

void CallThread::End() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ends_ = true;
  }
  condition_.notify_one();
  if (thread_.joinable()) thread_.join();
}
