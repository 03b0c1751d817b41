// Topic administration: requests whose results come back on the client's own queue, so nothing blocks.
#pragma once

#include "client.h"

struct TopicSpec {
  std::string name;
  int partitions = -1;   // -1: the broker's default
  int replication = -1;  // -1: the broker's default
  Settings config;
};

// Lives on the poll thread.
class AdminRole final : public Role {
 public:
  explicit AdminRole(PollLoop& loop);

  bool Serve() override;
  Deadline NextDeadline() const override;
  void BeginClose(int) override {}
  bool IsClosed() override { return true; }
  void Teardown() override { queue_.Close(); }

  void CreateTopics(uint32_t request, const std::vector<TopicSpec>& specs, int timeout_ms);
  void DeleteTopics(uint32_t request, const std::vector<TopicSpec>& specs, int timeout_ms);
  void CreatePartitions(uint32_t request, const std::vector<TopicSpec>& specs, int timeout_ms);

 private:
  rd::AdminOptions Options(rd_kafka_admin_op_t op, uint32_t request, int timeout_ms);
  void OnResult(rd_kafka_event_t* event);
  // The embedded cluster names a controller that it does not have, and librdkafka would wait for it.
  void RefuseIfEmbedded();

  PollLoop& loop_;
  Source queue_;
  std::vector<uint32_t> asked_;   // not answered, while it is not known what cluster is asked
  std::optional<bool> embedded_;  // known when a broker has answered
};

// new Admin(settings, options, deliver). lib/native/addon.ts describes every method.
class Admin final : public Napi::ObjectWrap<Admin>, public Client {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit Admin(const Napi::CallbackInfo& info);

 private:
  template <void (AdminRole::*Method)(uint32_t, const std::vector<TopicSpec>&, int)>
  Napi::Value OnTopics(const Napi::CallbackInfo& info);

  AdminRole* role_ = nullptr;  // used in commands on the poll thread only, while the loop runs
};
