#include "partitions.h"

namespace {
int64_t Int64(const Napi::Value& value, int64_t otherwise) {
  if (value.IsBigInt()) {
    bool lossless = false;
    return value.As<Napi::BigInt>().Int64Value(&lossless);
  }
  return value.IsNumber() ? value.As<Napi::Number>().Int64Value() : otherwise;
}
}  // namespace

Partitions PartitionsFromJs(const Napi::Value& value) {
  Partitions partitions;
  if (!value.IsArray()) return partitions;
  Napi::Array array = value.As<Napi::Array>();
  partitions.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); i++) {
    Napi::Value item = array[i];
    if (!item.IsObject()) continue;
    Napi::Object object = item.As<Napi::Object>();
    Partition entry;
    entry.topic = object.Get("topic").ToString().Utf8Value();
    entry.partition = static_cast<int32_t>(Int64(object.Get("partition"), 0));
    entry.offset = Int64(object.Get("offset"), RD_KAFKA_OFFSET_INVALID);
    entry.leader_epoch = static_cast<int32_t>(Int64(object.Get("leaderEpoch"), -1));
    Napi::Value metadata = object.Get("metadata");
    if (metadata.IsString()) entry.metadata = metadata.As<Napi::String>().Utf8Value();
    partitions.push_back(std::move(entry));
  }
  return partitions;
}

Napi::Value PartitionsToJs(Napi::Env env, const Partitions& partitions) {
  Napi::Array array = Napi::Array::New(env, partitions.size());
  for (uint32_t i = 0; i < partitions.size(); i++) {
    const Partition& entry = partitions[i];
    Napi::Object object = Napi::Object::New(env);
    object["topic"] = Napi::String::New(env, entry.topic);
    object["partition"] = Napi::Number::New(env, entry.partition);
    object["offset"] = Napi::Number::New(env, static_cast<double>(entry.offset));
    object["leaderEpoch"] = Napi::Number::New(env, entry.leader_epoch);
    object["metadata"] = entry.metadata ? Napi::Value(Napi::String::New(env, *entry.metadata)) : env.Null();
    object["error"] = entry.error.ToJs(env);
    array[i] = object;
  }
  return array;
}

rd::PartitionList ToList(const Partitions& partitions) {
  rd::PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const Partition& entry : partitions) {
    rd_kafka_topic_partition_t* item =
        rd_kafka_topic_partition_list_add(list.get(), entry.topic.c_str(), entry.partition);
    item->offset = entry.offset;
    if (entry.leader_epoch >= 0) rd_kafka_topic_partition_set_leader_epoch(item, entry.leader_epoch);
    if (entry.metadata) {
      // librdkafka frees it with the list, so the memory has to be its own.
      item->metadata = rd_kafka_mem_malloc(nullptr, entry.metadata->size());
      item->metadata_size = entry.metadata->size();
      entry.metadata->copy(static_cast<char*>(item->metadata), entry.metadata->size());
    }
  }
  return list;
}

Partitions FromList(const rd_kafka_topic_partition_list_t* list) {
  Partitions partitions;
  if (list == nullptr) return partitions;
  partitions.reserve(static_cast<size_t>(list->cnt));
  for (int i = 0; i < list->cnt; i++) {
    const rd_kafka_topic_partition_t& item = list->elems[i];
    Partition entry;
    entry.topic = item.topic;
    entry.partition = item.partition;
    entry.offset = item.offset;
    entry.leader_epoch = rd_kafka_topic_partition_get_leader_epoch(&item);
    if (item.metadata != nullptr) entry.metadata.emplace(static_cast<const char*>(item.metadata), item.metadata_size);
    entry.error = RdError(item.err);
    partitions.push_back(std::move(entry));
  }
  return partitions;
}
