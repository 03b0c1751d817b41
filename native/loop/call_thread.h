// Runs the few librdkafka calls that block, in order, so that the poll thread never does. Started by the first call.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

class CallThread {
 public:
  using Call = std::function<void()>;

  // `wake` runs on the thread after every call: it may have delivered something.
  explicit CallThread(Call wake) : wake_(std::move(wake)) {}

  // Poll thread only.
  void Post(Call call);
  // Waits for the call in progress. Calls that are still queued do not run. On the reaper.
  void End();

 private:
  void Run();

  const Call wake_;
  std::thread thread_;  // poll thread, then reaper
  std::mutex mutex_;
  std::condition_variable condition_;
  std::deque<Call> calls_;  // under mutex_
  bool ends_ = false;       // under mutex_
};
