#include "mock_cluster.h"

namespace {

using Cluster = rd_kafka_mock_cluster_t*;

rd_kafka_resp_err_t CreateTopic(Cluster cluster, const MockArguments& args) {  // name, partitions, replicas
  return rd_kafka_mock_topic_create(cluster, args.text[0].c_str(), args.number[1], args.number[2]);
}

rd_kafka_resp_err_t SetTopicError(Cluster cluster, const MockArguments& args) {  // name, code
  rd_kafka_mock_topic_set_error(cluster, args.text[0].c_str(), static_cast<rd_kafka_resp_err_t>(args.number[1]));
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t PushErrors(Cluster cluster, const MockArguments& args) {  // api key, errors, broker or -1 for any
  const auto key = static_cast<int16_t>(args.number[0]);
  const int broker = args.number[2];
  for (const auto& [code, rtt] : args.errors) {
    const auto err = static_cast<rd_kafka_resp_err_t>(code);
    if (broker < 0) {
      rd_kafka_mock_push_request_errors_array(cluster, key, 1, &err);
      continue;
    }
    rd_kafka_resp_err_t refused = rd_kafka_mock_broker_push_request_error_rtts(cluster, broker, key, 1, err, rtt);
    if (refused != RD_KAFKA_RESP_ERR_NO_ERROR) return refused;
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t ClearErrors(Cluster cluster, const MockArguments& args) {  // api key
  rd_kafka_mock_clear_request_errors(cluster, static_cast<int16_t>(args.number[0]));
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t SetBroker(Cluster cluster, const MockArguments& args) {  // broker, what, value
  const int broker = args.number[0];
  const std::string& what = args.text[1];
  if (what == "up") return rd_kafka_mock_broker_set_up(cluster, broker);
  if (what == "down") return rd_kafka_mock_broker_set_down(cluster, broker);
  if (what == "rtt") return rd_kafka_mock_broker_set_rtt(cluster, broker, args.number[2]);
  if (what == "rack") return rd_kafka_mock_broker_set_rack(cluster, broker, args.text[2].c_str());
  return RD_KAFKA_RESP_ERR__INVALID_ARG;
}

rd_kafka_resp_err_t SetLeader(Cluster cluster, const MockArguments& args) {  // topic, partition, broker
  return rd_kafka_mock_partition_set_leader(cluster, args.text[0].c_str(), args.number[1], args.number[2]);
}

rd_kafka_resp_err_t SetFollower(Cluster cluster, const MockArguments& args) {  // topic, partition, broker
  return rd_kafka_mock_partition_set_follower(cluster, args.text[0].c_str(), args.number[1], args.number[2]);
}

rd_kafka_resp_err_t SetCoordinator(Cluster cluster,
                                   const MockArguments& args) {  // "group" | "transaction", key, broker
  return rd_kafka_mock_coordinator_set(cluster, args.text[0].c_str(), args.text[1].c_str(), args.number[2]);
}

rd_kafka_resp_err_t SetApiVersion(Cluster cluster, const MockArguments& args) {  // api key, lowest, highest
  return rd_kafka_mock_set_apiversion(cluster, static_cast<int16_t>(args.number[0]),
                                      static_cast<int16_t>(args.number[1]), static_cast<int16_t>(args.number[2]));
}

rd_kafka_resp_err_t SetRebalanceDelay(Cluster cluster, const MockArguments& args) {  // ms
  return rd::SetMockRebalanceDelay(cluster, args.number[0]);
}

}  // namespace

bool MockClusterDriver::Serve() {
  // The cluster's own client has nothing to say to users: its events are dropped, not printed.
  while (queue_.Next()) {
  }
  return false;
}

void MockClusterDriver::Teardown() {
  queue_.Close();
  cluster_.reset();
}

Napi::Function MockCluster::Define(Napi::Env env) {
  return DefineClass(env, "NativeMockCluster",
                     {InstanceMethod("bootstrapServers", &MockCluster::BootstrapServers),
                      InstanceMethod("createTopic", &MockCluster::Do<CreateTopic>),
                      InstanceMethod("setTopicError", &MockCluster::Do<SetTopicError>),
                      InstanceMethod("pushErrors", &MockCluster::Do<PushErrors>),
                      InstanceMethod("clearErrors", &MockCluster::Do<ClearErrors>),
                      InstanceMethod("setBroker", &MockCluster::Do<SetBroker>),
                      InstanceMethod("setLeader", &MockCluster::Do<SetLeader>),
                      InstanceMethod("setFollower", &MockCluster::Do<SetFollower>),
                      InstanceMethod("setCoordinator", &MockCluster::Do<SetCoordinator>),
                      InstanceMethod("setApiVersion", &MockCluster::Do<SetApiVersion>),
                      InstanceMethod("setRebalanceDelay", &MockCluster::Do<SetRebalanceDelay>),
                      InstanceMethod("close", &MockCluster::Close)});
}

MockCluster::MockCluster(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!IsWrapped(info.Env(), this)) return;
  const auto brokers = static_cast<int>(RequiredInteger(info.Env(), info[1], "brokers"));
  if (info.Env().IsExceptionPending()) return;
  Open(info, RD_KAFKA_PRODUCER, 0, false, [&](PollLoop& loop, RdError*) {
    rd::MockCluster cluster(rd_kafka_mock_cluster_new(loop.rk(), brokers));
    if (cluster) bootstrap_servers_ = rd_kafka_mock_cluster_bootstraps(cluster.get());
    auto driver = std::make_unique<MockClusterDriver>(loop, std::move(cluster));
    driver_ = driver.get();
    return driver;
  });
}

Napi::Value MockCluster::BootstrapServers(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), bootstrap_servers_);
}

template <rd_kafka_resp_err_t (*run)(rd_kafka_mock_cluster_t*, const MockArguments&)>
Napi::Value MockCluster::Do(const Napi::CallbackInfo& info) {
  MockArguments args{
      {Text(info[0]), Text(info[1]), Text(info[2])}, {Int(info[0], 0), Int(info[1], 0), Int(info[2], 0)}, {}};
  Each(info[1], [&](const Napi::Value& item) {
    std::vector<int> pair;
    Each(item, [&](const Napi::Value& part) { pair.push_back(Int(part, 0)); });
    if (pair.size() == 2) args.errors.emplace_back(pair[0], pair[1]);
  });
  return Request(info.Env(), [driver = driver_, args](PollLoop& loop, uint32_t request) {
    if (driver->cluster() == nullptr) return loop.out().Reject(request, RdError(RD_KAFKA_RESP_ERR__FAIL));
    loop.out().Settle(request, RdError(run(driver->cluster(), args)));
  });
}
