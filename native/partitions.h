// JavaScript [{ topic, partition, offset?, leaderEpoch?, metadata? }] <-> rd_kafka_topic_partition_list_t, via a plain value.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "error.h"

struct Partition {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = RD_KAFKA_OFFSET_INVALID;
  int32_t leader_epoch = -1;
  std::optional<std::string> metadata;
  RdError error;
};
using Partitions = std::vector<Partition>;

// The TypeScript side has checked shapes and ranges; anything else is read as the defaults above.
Partitions PartitionsFromJs(const Napi::Value& value);
Napi::Value PartitionsToJs(Napi::Env env, const Partitions& partitions);

rd::PartitionList ToList(const Partitions& partitions);
Partitions FromList(const rd_kafka_topic_partition_list_t* list);
