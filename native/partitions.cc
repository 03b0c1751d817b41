#include "partitions.h"

Partitions PartitionsFromJs(const Napi::Value& value) {
  Partitions partitions;
  Each(value, [&](const Napi::Value& item) {
    Partition entry;
    entry.topic = Text(Get(item, "topic"));
    entry.partition = Int(Get(item, "partition"), entry.partition);
    entry.offset = Integer(Get(item, "offset"), entry.offset);
    entry.leader_epoch = Int(Get(item, "leaderEpoch"), entry.leader_epoch);
    entry.lane = Int(Get(item, "lane"), entry.lane);
    Napi::Value metadata = Get(item, "metadata");
    if (metadata.IsString()) entry.metadata = Text(metadata);
    partitions.push_back(std::move(entry));
  });
  return partitions;
}

Napi::Value ToJs(Napi::Env env, const Partition& entry) {
  return MakeObject(env, "topic", entry.topic, "partition", entry.partition, "offset", entry.offset, "leaderEpoch",
                    entry.leader_epoch, "metadata", entry.metadata, "error", entry.error);
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

Partition FromItem(const rd_kafka_topic_partition_t& item) {
  Partition entry;
  entry.topic = item.topic;
  entry.partition = item.partition;
  entry.offset = item.offset;
  entry.leader_epoch = rd_kafka_topic_partition_get_leader_epoch(&item);
  if (item.metadata != nullptr) entry.metadata.emplace(static_cast<const char*>(item.metadata), item.metadata_size);
  entry.error = RdError(item.err);
  return entry;
}

Partitions FromList(const rd_kafka_topic_partition_list_t* list) {
  Partitions partitions;
  for (int i = 0; list != nullptr && i < list->cnt; i++) partitions.push_back(FromItem(list->elems[i]));
  return partitions;
}
