// JavaScript [{ topic, partition, offset?, leaderEpoch?, metadata? }] <-> rd_kafka_topic_partition_list_t, via a plain
// value.
#pragma once

#include "error.h"

struct Partition {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = RD_KAFKA_OFFSET_INVALID;
  int32_t leader_epoch = -1;
  std::optional<std::string> metadata;
  int32_t lane = 0;  // of an offset to commit; 0: of no lane
  RdError error;
};
using Partitions = std::vector<Partition>;

// The TypeScript side has checked shapes and ranges; anything else is read as the defaults above.
Partitions PartitionsFromJs(const Napi::Value& value);
Napi::Value ToJs(Napi::Env env, const Partition& partition);

rd::PartitionList ToList(const Partitions& partitions);
Partition FromItem(const rd_kafka_topic_partition_t& item);
Partitions FromList(const rd_kafka_topic_partition_list_t* list);
