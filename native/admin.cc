#include "admin.h"

#include <algorithm>
#include <cstring>

namespace {
// librdkafka refuses longer ones, and takes a minute then.
constexpr int kLongestMs = 3600 * 1000;
// How often it is looked whether a broker has said of which cluster it is.
constexpr int kLookMs = 20;
constexpr char kEmbeddedId[] = "mockCluster";  // and a number
constexpr char kEmbedded[] =
    "the embedded cluster has no administration; MockCluster.createTopic of rdkafka-rx/testing makes topics";

struct TopicResult {
  std::string topic;
  RdError error;
};
Napi::Value ToJs(Napi::Env env, const TopicResult& result) {
  return MakeObject(env, "topic", result.topic, "error", result.error);
}

template <class T>
std::vector<typename T::pointer> Raw(const std::vector<T>& owned) {
  std::vector<typename T::pointer> raw;
  for (const T& item : owned) raw.push_back(item.get());
  return raw;
}
}  // namespace

AdminRole::AdminRole(PollLoop& loop) : loop_(loop), queue_(rd_kafka_queue_get_main(loop.rk())) { queue_.Listen(loop); }

bool AdminRole::Serve() {
  while (rd::Event event = queue_.Next()) {
    if (!DeliverCommonEvent(loop_, event.get())) OnResult(event.get());
  }
  RefuseIfEmbedded();
  return false;
}

Deadline AdminRole::NextDeadline() const { return asked_.empty() ? std::nullopt : Deadline(After(kLookMs)); }

void AdminRole::RefuseIfEmbedded() {
  if (asked_.empty()) return;
  if (!embedded_) {
    rd::Mem<char> id(rd_kafka_clusterid(loop_.rk(), 0));
    if (!id) return;
    embedded_ = std::strncmp(id.get(), kEmbeddedId, sizeof kEmbeddedId - 1) == 0;
  }
  for (uint32_t request : std::exchange(asked_, {})) {
    if (*embedded_) loop_.Reject(request, RdError(RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, kEmbedded));
  }
}

rd::AdminOptions AdminRole::Options(rd_kafka_admin_op_t op, uint32_t request, int timeout_ms) {
  rd::AdminOptions options(rd_kafka_AdminOptions_new(loop_.rk(), op));
  char text[256];
  timeout_ms = std::clamp(timeout_ms, 0, kLongestMs);
  rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, text, sizeof text);
  // Done when the cluster has done it, not when the controller has noted it.
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), timeout_ms, text, sizeof text);
  rd_kafka_AdminOptions_set_opaque(options.get(), reinterpret_cast<void*>(static_cast<uintptr_t>(request)));
  asked_.push_back(request);
  return options;
}

void AdminRole::CreateTopics(uint32_t request, const std::vector<TopicSpec>& specs, int timeout_ms) {
  std::vector<rd::NewTopic> topics;
  char text[256];
  for (const TopicSpec& spec : specs) {
    rd::NewTopic topic(rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions, spec.replication, text, sizeof text));
    if (!topic) return loop_.Reject(request, RdError(RD_KAFKA_RESP_ERR__INVALID_ARG, text));
    for (const auto& [key, value] : spec.config) {
      rd_kafka_NewTopic_set_config(topic.get(), key.c_str(), value.c_str());
    }
    topics.push_back(std::move(topic));
  }
  auto raw = Raw(topics);
  rd_kafka_CreateTopics(loop_.rk(), raw.data(), raw.size(),
                        Options(RD_KAFKA_ADMIN_OP_CREATETOPICS, request, timeout_ms).get(), queue_.queue.get());
}

void AdminRole::DeleteTopics(uint32_t request, const std::vector<TopicSpec>& specs, int timeout_ms) {
  std::vector<rd::DeleteTopic> topics;
  for (const TopicSpec& spec : specs) topics.emplace_back(rd_kafka_DeleteTopic_new(spec.name.c_str()));
  auto raw = Raw(topics);
  rd_kafka_DeleteTopics(loop_.rk(), raw.data(), raw.size(),
                        Options(RD_KAFKA_ADMIN_OP_DELETETOPICS, request, timeout_ms).get(), queue_.queue.get());
}

void AdminRole::CreatePartitions(uint32_t request, const std::vector<TopicSpec>& specs, int timeout_ms) {
  std::vector<rd::NewPartitions> topics;
  char text[256];
  for (const TopicSpec& spec : specs) {
    rd::NewPartitions topic(rd_kafka_NewPartitions_new(
        spec.name.c_str(), static_cast<size_t>(std::max(0, spec.partitions)), text, sizeof text));
    if (!topic) return loop_.Reject(request, RdError(RD_KAFKA_RESP_ERR__INVALID_ARG, text));
    topics.push_back(std::move(topic));
  }
  auto raw = Raw(topics);
  rd_kafka_CreatePartitions(loop_.rk(), raw.data(), raw.size(),
                            Options(RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, request, timeout_ms).get(), queue_.queue.get());
}

void AdminRole::OnResult(rd_kafka_event_t* event) {
  const auto request = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(rd_kafka_event_opaque(event)));
  asked_.erase(std::remove(asked_.begin(), asked_.end(), request), asked_.end());
  RdError error(rd_kafka_event_error(event), rd_kafka_event_error_string(event));
  if (error) return loop_.Reject(request, std::move(error));
  size_t count = 0;
  const rd_kafka_topic_result_t** results = nullptr;
  if (const auto* created = rd_kafka_event_CreateTopics_result(event)) {
    results = rd_kafka_CreateTopics_result_topics(created, &count);
  } else if (const auto* deleted = rd_kafka_event_DeleteTopics_result(event)) {
    results = rd_kafka_DeleteTopics_result_topics(deleted, &count);
  } else if (const auto* added = rd_kafka_event_CreatePartitions_result(event)) {
    results = rd_kafka_CreatePartitions_result_topics(added, &count);
  }
  std::vector<TopicResult> topics;
  for (size_t i = 0; i < count; i++) {
    topics.push_back({rd_kafka_topic_result_name(results[i]), RdError(rd_kafka_topic_result_error(results[i]),
                                                                      rd_kafka_topic_result_error_string(results[i]))});
  }
  loop_.Resolve(request, std::move(topics));
}

Napi::Function Admin::Define(Napi::Env env) {
  return DefineClass(
      env, "NativeAdmin",
      {InstanceMethod("createTopics", &Admin::OnTopics<&AdminRole::CreateTopics>),
       InstanceMethod("deleteTopics", &Admin::OnTopics<&AdminRole::DeleteTopics>),
       InstanceMethod("createPartitions", &Admin::OnTopics<&AdminRole::CreatePartitions>),
       InstanceMethod("metadata", &Admin::Metadata), InstanceMethod("close", &Admin::Close),
       InstanceMethod("setToken", &Admin::SetToken), InstanceMethod("setTokenFailure", &Admin::SetTokenFailure)});
}

Admin::Admin(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!IsWrapped(info.Env(), this)) return;
  Open(info, RD_KAFKA_PRODUCER, 0, false, [&](PollLoop& loop, RdError*) {
    auto role = std::make_unique<AdminRole>(loop);
    role_ = role.get();
    return role;
  });
}

// [{ name, partitions, replication, config: [[key, value], ...] }, ...], timeoutMs
template <void (AdminRole::*Method)(uint32_t, const std::vector<TopicSpec>&, int)>
Napi::Value Admin::OnTopics(const Napi::CallbackInfo& info) {
  std::vector<TopicSpec> specs;
  Each(info[0], [&](const Napi::Value& from) {
    specs.push_back({Text(Get(from, "name")), Int(Get(from, "partitions"), -1), Int(Get(from, "replication"), -1),
                     SettingsFromJs(Get(from, "config"))});
  });
  return Request(info.Env(), [role = role_, specs, timeout = Int(info[1], 10000)](PollLoop&, uint32_t request) {
    (role->*Method)(request, specs, timeout);
  });
}
