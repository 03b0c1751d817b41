#include "produce/partitioner.h"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace {

template <class Conf, class Get>
std::string Property(Conf* conf, Get get, const char* key) {
  rd::ErrText text;
  size_t size = text.size;
  return get(conf, key, text.data, &size) == RD_KAFKA_CONF_OK ? std::string(text.data) : std::string();
}

}  // namespace

std::unique_ptr<StickyPartitioner> StickyPartitioner::Install(rd_kafka_conf_t* conf, const char* chosen_ms) {
  // librdkafka's own default is known only when the client is made.
  const double ms =
      chosen_ms != nullptr
          ? std::strtod(chosen_ms, nullptr)
          : std::min(900000.0, 2 * std::strtod(Property(conf, rd_kafka_conf_get, "linger.ms").c_str(), nullptr));
  if (!(ms >= 1)) return nullptr;
  rd_kafka_topic_conf_t* topics = rd_kafka_conf_get_default_topic_conf(conf);
  if (topics == nullptr) rd_kafka_conf_set_default_topic_conf(conf, topics = rd_kafka_topic_conf_new());
  const std::string name = Property(topics, rd_kafka_topic_conf_get, "partitioner");
  const Keyed keyed = name == "consistent_random" ? rd_kafka_msg_partitioner_consistent_random
                      : name == "murmur2_random"  ? rd_kafka_msg_partitioner_murmur2_random
                      : name == "fnv1a_random"    ? rd_kafka_msg_partitioner_fnv1a_random
                      : name == "random"          ? rd_kafka_msg_partitioner_random
                                                  : nullptr;
  if (keyed == nullptr) return nullptr;
  auto self = std::make_unique<StickyPartitioner>(keyed, std::chrono::milliseconds(static_cast<int64_t>(ms)));
  rd::ErrText text;
  rd_kafka_conf_set(conf, "sticky.partitioning.linger.ms", "0", text.data, text.size);
  rd_kafka_topic_conf_set_partitioner_cb(topics, Choose);
  rd_kafka_topic_conf_set_opaque(topics, self.get());
  return self;
}

int32_t StickyPartitioner::Choose(const rd_kafka_topic_t* topic, const void* key, size_t key_length, int32_t partitions,
                                  void* raw, void* opaque) {
  auto* self = static_cast<StickyPartitioner*>(raw);
  const bool is_keyless =
      key == nullptr || (key_length == 0 && self->keyed_ == rd_kafka_msg_partitioner_consistent_random);
  return is_keyless ? self->ChooseSticky(topic, partitions, opaque)
                    : self->keyed_(topic, key, key_length, partitions, nullptr, opaque);
}

int32_t StickyPartitioner::ChooseSticky(const rd_kafka_topic_t* topic, int32_t partitions, void* opaque) {
  std::lock_guard<std::mutex> lock(mutex_);
  Sticky& sticky = topics_[topic];
  const auto now = Clock::now();
  const bool is_known = sticky.partition >= 0 && sticky.partition < partitions;
  if (!is_known || now >= sticky.until || !rd_kafka_topic_partition_available(topic, sticky.partition)) {
    sticky.partition = rd_kafka_msg_partitioner_random(topic, nullptr, 0, partitions, nullptr, nullptr);
    sticky.until = now + linger_;
  }
  if (awaited_ && opaque == opaque_) chosen_ = sticky.partition;
  return sticky.partition;
}

int32_t StickyPartitioner::Await(void* opaque, bool awaited) {
  std::lock_guard<std::mutex> lock(mutex_);
  const int32_t chosen = chosen_;
  awaited_ = awaited;
  opaque_ = opaque;
  chosen_ = RD_KAFKA_PARTITION_UA;
  return chosen;
}
