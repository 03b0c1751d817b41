// The embedded cluster: librdkafka's mock brokers in this process, reachable by any client over TCP on loopback.
#pragma once

#include "client.h"
#include "loop/source.h"

// Lives on the poll thread.
class MockClusterDriver final : public Driver {
 public:
  MockClusterDriver(PollLoop& loop, rd::MockCluster cluster)
      : queue_(rd_kafka_queue_get_main(loop.rk())), cluster_(std::move(cluster)) {}

  bool Serve() override;
  void BeginClose(int) override {}
  bool IsClosed() override { return true; }
  void Teardown() override;
  rd_kafka_mock_cluster_t* cluster() const { return cluster_.get(); }

 private:
  Source queue_;
  rd::MockCluster cluster_;
};

// What a method was called with, by position.
struct MockArguments {
  std::string text[3];
  int number[3];
  std::vector<std::pair<int, int>> errors;  // [[code, rttMs], ...]
};

// new MockCluster(settings, brokers, deliver). lib/native/interface.ts describes every method.
class MockCluster final : public Napi::ObjectWrap<MockCluster>, public Client {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit MockCluster(const Napi::CallbackInfo& info);

 private:
  Napi::Value BootstrapServers(const Napi::CallbackInfo& info);
  // Promise that settles with what run() answers on the poll thread.
  template <rd_kafka_resp_err_t (*run)(rd_kafka_mock_cluster_t*, const MockArguments&)>
  Napi::Value Do(const Napi::CallbackInfo& info);

  std::string bootstrap_servers_;
  MockClusterDriver* driver_ = nullptr;  // used in commands on the poll thread only, while the loop runs
};
