#include "mock_cluster.h"

bool MockClusterRole::Serve() {
  // The cluster's own client has nothing to say to users: its events are dropped, not printed.
  while (rd::Event event{rd_kafka_queue_poll(queue_.get(), 0)}) {
  }
  return false;
}

void MockClusterRole::Teardown() {
  queue_.reset();
  cluster_.reset();
}

Napi::Function MockCluster::Define(Napi::Env env) {
  return DefineClass(env, "NativeMockCluster",
                     {InstanceMethod("bootstrapServers", &MockCluster::BootstrapServers),
                      InstanceMethod("createTopic", &MockCluster::CreateTopic),
                      InstanceMethod("setTopicError", &MockCluster::SetTopicError),
                      InstanceMethod("pushErrors", &MockCluster::PushErrors),
                      InstanceMethod("clearErrors", &MockCluster::ClearErrors),
                      InstanceMethod("setBroker", &MockCluster::SetBroker),
                      InstanceMethod("setLeader", &MockCluster::SetLeader),
                      InstanceMethod("setFollower", &MockCluster::SetFollower),
                      InstanceMethod("setCoordinator", &MockCluster::SetCoordinator),
                      InstanceMethod("setApiVersion", &MockCluster::SetApiVersion),
                      InstanceMethod("setRebalanceDelay", &MockCluster::SetRebalanceDelay),
                      InstanceMethod("close", &MockCluster::Close)});
}

MockCluster::MockCluster(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const int brokers = IntArgument(info, 1, 1);
  Open(info, RD_KAFKA_PRODUCER, 0, false, [&](PollLoop& loop) {
    rd::MockCluster cluster(rd_kafka_mock_cluster_new(loop.rk(), brokers));
    if (cluster) bootstrap_servers_ = rd_kafka_mock_cluster_bootstraps(cluster.get());
    auto role = std::make_unique<MockClusterRole>(loop, std::move(cluster));
    role_ = role.get();
    return role;
  });
}

Napi::Value MockCluster::Do(const Napi::CallbackInfo& info,
                            std::function<rd_kafka_resp_err_t(rd_kafka_mock_cluster_t*)> run) {
  if (!open()) return Request(info.Env(), nullptr);
  return Request(info.Env(), [role = role_, this_loop = &loop(), run = std::move(run)](uint32_t request) {
    if (role->cluster() == nullptr) return this_loop->Reject(request, RdError(RD_KAFKA_RESP_ERR__FAIL));
    this_loop->Settle(request, RdError(run(role->cluster())));
  });
}

Napi::Value MockCluster::BootstrapServers(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), bootstrap_servers_);
}

Napi::Value MockCluster::CreateTopic(const Napi::CallbackInfo& info) {
  return Do(info, [topic = TextArgument(info, 0), partitions = IntArgument(info, 1, 1),
                   replicas = IntArgument(info, 2, 1)](rd_kafka_mock_cluster_t* cluster) {
    return rd_kafka_mock_topic_create(cluster, topic.c_str(), partitions, replicas);
  });
}

Napi::Value MockCluster::SetTopicError(const Napi::CallbackInfo& info) {
  return Do(info, [topic = TextArgument(info, 0), code = IntArgument(info, 1, 0)](rd_kafka_mock_cluster_t* cluster) {
    rd_kafka_mock_topic_set_error(cluster, topic.c_str(), static_cast<rd_kafka_resp_err_t>(code));
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  });
}

// pushErrors(apiKey, [[code, rttMs], ...], broker or -1 for whichever answers next)
Napi::Value MockCluster::PushErrors(const Napi::CallbackInfo& info) {
  std::vector<std::pair<int, int>> errors;
  if (info[1].IsArray()) {
    Napi::Array array = info[1].As<Napi::Array>();
    for (uint32_t i = 0; i < array.Length(); i++) {
      Napi::Value item = array[i];
      if (!item.IsArray()) continue;
      Napi::Array pair = item.As<Napi::Array>();
      errors.emplace_back(Napi::Value(pair[0u]).ToNumber().Int32Value(), Napi::Value(pair[1u]).ToNumber().Int32Value());
    }
  }
  return Do(info, [key = static_cast<int16_t>(IntArgument(info, 0, 0)), errors,
                   broker = IntArgument(info, 2, -1)](rd_kafka_mock_cluster_t* cluster) {
    for (const auto& [code, rtt] : errors) {
      const auto err = static_cast<rd_kafka_resp_err_t>(code);
      if (broker < 0) {
        rd_kafka_mock_push_request_errors_array(cluster, key, 1, &err);
        continue;
      }
      rd_kafka_resp_err_t refused = rd_kafka_mock_broker_push_request_error_rtts(cluster, broker, key, 1, err, rtt);
      if (refused != RD_KAFKA_RESP_ERR_NO_ERROR) return refused;
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  });
}

Napi::Value MockCluster::ClearErrors(const Napi::CallbackInfo& info) {
  return Do(info, [key = static_cast<int16_t>(IntArgument(info, 0, 0))](rd_kafka_mock_cluster_t* cluster) {
    rd_kafka_mock_clear_request_errors(cluster, key);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  });
}

// setBroker(broker, 'up' | 'down' | 'rtt' | 'rack', value)
Napi::Value MockCluster::SetBroker(const Napi::CallbackInfo& info) {
  return Do(info, [broker = IntArgument(info, 0, 1), what = TextArgument(info, 1), rtt = IntArgument(info, 2, 0),
                   rack = TextArgument(info, 2)](rd_kafka_mock_cluster_t* cluster) {
    if (what == "up") return rd_kafka_mock_broker_set_up(cluster, broker);
    if (what == "down") return rd_kafka_mock_broker_set_down(cluster, broker);
    if (what == "rtt") return rd_kafka_mock_broker_set_rtt(cluster, broker, rtt);
    return rd_kafka_mock_broker_set_rack(cluster, broker, rack.c_str());
  });
}

Napi::Value MockCluster::SetLeader(const Napi::CallbackInfo& info) {
  return Do(info, [topic = TextArgument(info, 0), partition = IntArgument(info, 1, 0),
                   broker = IntArgument(info, 2, -1)](rd_kafka_mock_cluster_t* cluster) {
    return rd_kafka_mock_partition_set_leader(cluster, topic.c_str(), partition, broker);
  });
}

Napi::Value MockCluster::SetFollower(const Napi::CallbackInfo& info) {
  return Do(info, [topic = TextArgument(info, 0), partition = IntArgument(info, 1, 0),
                   broker = IntArgument(info, 2, -1)](rd_kafka_mock_cluster_t* cluster) {
    return rd_kafka_mock_partition_set_follower(cluster, topic.c_str(), partition, broker);
  });
}

Napi::Value MockCluster::SetCoordinator(const Napi::CallbackInfo& info) {
  return Do(info, [type = TextArgument(info, 0), key = TextArgument(info, 1),
                   broker = IntArgument(info, 2, 1)](rd_kafka_mock_cluster_t* cluster) {
    return rd_kafka_mock_coordinator_set(cluster, type.c_str(), key.c_str(), broker);
  });
}

Napi::Value MockCluster::SetApiVersion(const Napi::CallbackInfo& info) {
  return Do(info, [key = IntArgument(info, 0, 0), low = IntArgument(info, 1, -1),
                   high = IntArgument(info, 2, -1)](rd_kafka_mock_cluster_t* cluster) {
    return rd_kafka_mock_set_apiversion(cluster, static_cast<int16_t>(key), static_cast<int16_t>(low),
                                        static_cast<int16_t>(high));
  });
}

Napi::Value MockCluster::SetRebalanceDelay(const Napi::CallbackInfo& info) {
  return Do(info, [ms = IntArgument(info, 0, 0)](rd_kafka_mock_cluster_t* cluster) {
    return rd::SetMockRebalanceDelay(cluster, ms);
  });
}
