#include "admin/topics.h"

#include <algorithm>
#include <iterator>

namespace {

struct TopicSpec {
  std::string name;
  int partitions = -1;   // -1: the broker's default
  int replication = -1;  // -1: the broker's default
  Settings config;
};

// [{ name, partitions, replication, config: [[key, value], ...] }, ...]
std::vector<TopicSpec> SpecsFromJs(const Napi::Value& items) {
  std::vector<TopicSpec> specs;
  Each(items, [&](const Napi::Value& from) {
    specs.push_back({Text(Get(from, "name")), Int(Get(from, "partitions"), -1), Int(Get(from, "replication"), -1),
                     SettingsFromJs(Get(from, "config"))});
  });
  return specs;
}

AdminSend BuildCreate(const Napi::Value& items) {
  return [specs = SpecsFromJs(items)](rd_kafka_t* rk, rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
    std::vector<rd::NewTopic> topics;
    rd::ErrText text;
    for (const TopicSpec& spec : specs) {
      rd::NewTopic topic(
          rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions, spec.replication, text.data, text.size));
      if (!topic) return RdError(RD_KAFKA_RESP_ERR__INVALID_ARG, text.data);
      for (const auto& [key, value] : spec.config) {
        rd_kafka_NewTopic_set_config(topic.get(), key.c_str(), value.c_str());
      }
      topics.push_back(std::move(topic));
    }
    auto raw = RawPointers(topics);
    rd_kafka_CreateTopics(rk, raw.data(), raw.size(), options, queue);
    return RdError();
  };
}

AdminSend BuildDelete(const Napi::Value& items) {
  return [specs = SpecsFromJs(items)](rd_kafka_t* rk, rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
    std::vector<rd::DeleteTopic> topics;
    for (const TopicSpec& spec : specs) topics.emplace_back(rd_kafka_DeleteTopic_new(spec.name.c_str()));
    auto raw = RawPointers(topics);
    rd_kafka_DeleteTopics(rk, raw.data(), raw.size(), options, queue);
    return RdError();
  };
}

AdminSend BuildCreatePartitions(const Napi::Value& items) {
  return [specs = SpecsFromJs(items)](rd_kafka_t* rk, rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
    std::vector<rd::NewPartitions> topics;
    rd::ErrText text;
    for (const TopicSpec& spec : specs) {
      const auto total = static_cast<size_t>(std::max(0, spec.partitions));
      rd::NewPartitions topic(rd_kafka_NewPartitions_new(spec.name.c_str(), total, text.data, text.size));
      if (!topic) return RdError(RD_KAFKA_RESP_ERR__INVALID_ARG, text.data);
      topics.push_back(std::move(topic));
    }
    auto raw = RawPointers(topics);
    rd_kafka_CreatePartitions(rk, raw.data(), raw.size(), options, queue);
    return RdError();
  };
}

struct TopicResult {
  std::string topic;
  RdError error;
};
Napi::Value ToJs(Napi::Env env, const TopicResult& result) {
  return MakeObject(env, "topic", result.topic, "error", result.error);
}

// Every operation here answers with [{ topic, error }, ...].
template <auto result_of, auto topics_of>
void ReadTopics(Outbox& out, uint32_t request, rd_kafka_event_t* event) {
  size_t count = 0;
  const rd_kafka_topic_result_t** results = topics_of(result_of(event), &count);
  std::vector<TopicResult> topics;
  for (size_t i = 0; i < count; i++) {
    topics.push_back({rd_kafka_topic_result_name(results[i]), RdError(rd_kafka_topic_result_error(results[i]),
                                                                      rd_kafka_topic_result_error_string(results[i]))});
  }
  out.Resolve(request, std::move(topics));
}

constexpr AdminOperation kOperations[] = {
    {"createTopics", RD_KAFKA_ADMIN_OP_CREATETOPICS, BuildCreate,
     ReadTopics<rd_kafka_event_CreateTopics_result, rd_kafka_CreateTopics_result_topics>},
    {"deleteTopics", RD_KAFKA_ADMIN_OP_DELETETOPICS, BuildDelete,
     ReadTopics<rd_kafka_event_DeleteTopics_result, rd_kafka_DeleteTopics_result_topics>},
    {"createPartitions", RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, BuildCreatePartitions,
     ReadTopics<rd_kafka_event_CreatePartitions_result, rd_kafka_CreatePartitions_result_topics>},
};

}  // namespace

AdminOperations TopicOperations() { return {kOperations, std::size(kOperations)}; }
