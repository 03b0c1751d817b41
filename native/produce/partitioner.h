// The partition of records without a key. No Node-API here.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "rd.h"

// librdkafka keeps records without a key together (KIP-480): they go to one partition for
// `sticky.partitioning.linger.ms`, then to another. It asks for the partition, two locks and the clock record by
// record, and never says what it chose, which is a fifth of all that a small record costs. This does the same in its
// place and says what it chose, so that a run of records can be handed over for that partition at once.
class StickyPartitioner {
 public:
  using Keyed = int32_t (*)(const rd_kafka_topic_t*, const void*, size_t, int32_t, void*, void*);

  StickyPartitioner(Keyed keyed, std::chrono::milliseconds linger) : keyed_(keyed), linger_(linger) {}

  // Takes librdkafka's place in `conf`. Null where it does not keep records together: the time is 0, or the partitioner
  // treats no key like any other. Must outlive the client. `chosen_ms`: the property, when it was set.
  static std::unique_ptr<StickyPartitioner> Install(rd_kafka_conf_t* conf, const char* chosen_ms);

  // The partition of the record with this opaque, which `produce` hands over. RD_KAFKA_PARTITION_UA while it is
  // unknown.
  template <class Produce>
  int32_t Follow(void* opaque, Produce produce) {
    Await(opaque, true);
    produce();
    return Await(nullptr, false);
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Sticky {
    int32_t partition = RD_KAFKA_PARTITION_UA;
    Clock::time_point until;
  };

  // On the poll thread, or on librdkafka's for records that came before the topic was known. Under the topic's lock.
  static int32_t Choose(const rd_kafka_topic_t* topic, const void* key, size_t key_length, int32_t partitions,
                        void* self, void* opaque);
  int32_t ChooseSticky(const rd_kafka_topic_t* topic, int32_t partitions, void* opaque);
  int32_t Await(void* opaque, bool awaited);

  const Keyed keyed_;  // for records with a key
  const std::chrono::milliseconds linger_;
  std::mutex mutex_;
  std::unordered_map<const rd_kafka_topic_t*, Sticky> topics_;
  // The record that Follow() asks about.
  bool awaited_ = false;
  void* opaque_ = nullptr;
  int32_t chosen_ = RD_KAFKA_PARTITION_UA;
};
