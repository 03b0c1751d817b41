// The embedded cluster: librdkafka's mock brokers in this process, reachable by any client over TCP on loopback.
#pragma once

#include "client.h"

// Lives on the poll thread.
class MockClusterRole final : public Role {
 public:
  MockClusterRole(PollLoop& loop, rd::MockCluster cluster)
      : queue_(rd_kafka_queue_get_main(loop.rk())), cluster_(std::move(cluster)) {}

  bool Serve() override;
  void BeginClose(int) override {}
  bool IsClosed() override { return true; }
  void Teardown() override;
  rd_kafka_mock_cluster_t* cluster() const { return cluster_.get(); }

 private:
  rd::Queue queue_;
  rd::MockCluster cluster_;
};

// new MockCluster(settings, brokers, deliver). lib/native.ts describes every method.
class MockCluster final : public Napi::ObjectWrap<MockCluster>, public Client {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit MockCluster(const Napi::CallbackInfo& info);

 private:
  // Settles with what run() answers on the poll thread.
  Napi::Value Do(const Napi::CallbackInfo& info, std::function<rd_kafka_resp_err_t(rd_kafka_mock_cluster_t*)> run);

  Napi::Value BootstrapServers(const Napi::CallbackInfo& info);
  Napi::Value CreateTopic(const Napi::CallbackInfo& info);
  Napi::Value SetTopicError(const Napi::CallbackInfo& info);
  Napi::Value PushErrors(const Napi::CallbackInfo& info);
  Napi::Value ClearErrors(const Napi::CallbackInfo& info);
  Napi::Value SetBroker(const Napi::CallbackInfo& info);
  Napi::Value SetLeader(const Napi::CallbackInfo& info);
  Napi::Value SetFollower(const Napi::CallbackInfo& info);
  Napi::Value SetCoordinator(const Napi::CallbackInfo& info);
  Napi::Value SetApiVersion(const Napi::CallbackInfo& info);
  Napi::Value SetRebalanceDelay(const Napi::CallbackInfo& info);

  std::string bootstrap_servers_;
  MockClusterRole* role_ = nullptr;  // used in commands on the poll thread only, while the loop runs
};
