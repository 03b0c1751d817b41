// An embedded cluster with a producer and a consumer, driven as native/ drives librdkafka.
#pragma once

#include <chrono>
#include <cstdlib>

#include "support.h"

inline std::vector<uint8_t> HeaderBlock(const HeaderList& headers) {
  std::vector<uint8_t> block;
  auto put = [&](const void* data, size_t size) {
    const auto* bytes = static_cast<const uint8_t*>(data);
    block.insert(block.end(), bytes, bytes + size);
  };
  const auto count = static_cast<uint32_t>(headers.size());
  put(&count, 4);
  for (const auto& [name, value] : headers) {
    const auto name_length = static_cast<uint32_t>(name.size());
    const int32_t value_length = value ? static_cast<int32_t>(value->size()) : -1;
    put(&name_length, 4);
    put(name.data(), name.size());
    put(&value_length, 4);
    if (value) put(value->data(), value->size());
  }
  return block;
}

// Appends a record as the JavaScript side writes it.
inline void PutRecord(std::vector<uint8_t>* pack, const Sample& sample, uint32_t slot, int32_t topic) {
  std::vector<uint8_t> block;
  if (!sample.headers.empty()) block = HeaderBlock(sample.headers);
  wire::Record record{};
  record.topic = topic;
  record.partition = -1;
  record.slot = slot;
  record.index = ~slot;
  record.key_length = sample.key ? static_cast<int32_t>(sample.key->size()) : -1;
  record.value_length = sample.value ? static_cast<int32_t>(sample.value->size()) : -1;
  record.headers_length = static_cast<uint32_t>(block.size());
  record.timestamp = static_cast<double>(sample.timestamp);
  const auto* bytes = reinterpret_cast<const uint8_t*>(&record);
  pack->insert(pack->end(), bytes, bytes + sizeof record);
  if (sample.key) pack->insert(pack->end(), sample.key->begin(), sample.key->end());
  if (sample.value) pack->insert(pack->end(), sample.value->begin(), sample.value->end());
  pack->insert(pack->end(), block.begin(), block.end());
  pack->resize((pack->size() + 7) / 8 * 8);
}

class Cluster {
 public:
  Cluster() : host_(New(RD_KAFKA_PRODUCER, {{"test.mock.num.brokers", "1"}})) {
    servers_ = rd_kafka_mock_cluster_bootstraps(rd_kafka_handle_mock_cluster(host_.get()));
  }

  // Whether this librdkafka was built with the codec.
  static bool Knows(const char* codec) {
    rd::Conf conf(rd_kafka_conf_new());
    char text[256];
    return rd_kafka_conf_set(conf.get(), "compression.codec", codec, text, sizeof text) == RD_KAFKA_CONF_OK;
  }

  // To partition 0 of the topic that has the codec's name; returns when all is written.
  void Produce(const char* codec, const std::vector<Sample>& samples) {
    rd_kafka_mock_topic_create(rd_kafka_handle_mock_cluster(host_.get()), codec, 1, 1);
    Handle rk = New(RD_KAFKA_PRODUCER, {{"bootstrap.servers", servers_}, {"compression.codec", codec}});
    std::vector<uint8_t> pack;
    for (const Sample& sample : samples) PutRecord(&pack, sample, 0, 0);
    wire::Record record;
    size_t position = 0;
    while (const uint8_t* payload = wire::ReadRecord(pack.data(), pack.size(), position, &record)) {
      position = record.End(position);
      const auto key_size = static_cast<size_t>(std::max(record.key_length, 0));
      const auto value_size = static_cast<size_t>(std::max(record.value_length, 0));
      const void* key = record.key_length < 0 ? nullptr : payload;
      void* value = record.value_length < 0 ? nullptr : const_cast<uint8_t*>(payload) + key_size;
      rd::Headers headers = wire::ReadHeaders(payload + key_size + value_size, record.headers_length);
      rd_kafka_headers_t* given = headers ? headers.get() : rd_kafka_headers_new(0);
      const rd_kafka_resp_err_t err = rd_kafka_producev(
          rk.get(), RD_KAFKA_V_TOPIC(codec), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
          RD_KAFKA_V_KEY(key, key_size), RD_KAFKA_V_VALUE(value, value_size),
          RD_KAFKA_V_TIMESTAMP(static_cast<int64_t>(record.timestamp)), RD_KAFKA_V_HEADERS(given), RD_KAFKA_V_END);
      CHECK(err == RD_KAFKA_RESP_ERR_NO_ERROR);
      (void)headers.release();
    }
    CHECK(rd_kafka_flush(rk.get(), 30'000) == RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  // The first `count` messages, through chunks.
  std::vector<Sample> Consume(const char* topic, size_t count) {
    Handle rk = New(RD_KAFKA_CONSUMER, {{"bootstrap.servers", servers_}, {"group.id", "g"}});
    rd::Queue queue(rd_kafka_queue_get_partition(rk.get(), topic, 0));
    rd_kafka_queue_forward(queue.get(), nullptr);
    rd::PartitionList at(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(at.get(), topic, 0)->offset = 0;
    CHECK(rd_kafka_assign(rk.get(), at.get()) == RD_KAFKA_RESP_ERR_NO_ERROR);
    auto pool = std::make_shared<wire::SlabPool>();
    std::vector<Sample> read;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (read.size() < count && CHECK(std::chrono::steady_clock::now() < deadline)) {
      rd_kafka_message_t* taken[64];
      const ssize_t got = rd_kafka_consume_batch_queue(queue.get(), 100, taken, std::size(taken));
      for (size_t from = 0; got > 0 && from < static_cast<size_t>(got);) {
        if (!CHECK(taken[from]->err == RD_KAFKA_RESP_ERR_NO_ERROR)) break;
        wire::Chunk chunk = wire::PackRun(taken, static_cast<size_t>(got), &from, 1, {}, pool);
        for (Sample& message : Decode(chunk).messages) read.push_back(std::move(message));
      }
      for (ssize_t i = 0; i < got; i++) rd_kafka_message_destroy(taken[i]);
    }
    queue.reset();
    return read;
  }

 private:
  struct Destroy {
    void operator()(rd_kafka_t* rk) const noexcept { rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE); }
  };
  using Handle = std::unique_ptr<rd_kafka_t, Destroy>;

  static Handle New(rd_kafka_type_t type, const std::vector<std::pair<const char*, std::string>>& settings) {
    rd::Conf conf(rd_kafka_conf_new());
    char text[256] = "";
    for (const auto& [key, value] : settings)
      CHECK(rd_kafka_conf_set(conf.get(), key, value.c_str(), text, sizeof text) == RD_KAFKA_CONF_OK);
    for (const auto& [key, value] : {std::pair{"enable.metrics.push", "false"}, std::pair{"log_level", "3"}})
      rd_kafka_conf_set(conf.get(), key, value, text, sizeof text);
    Handle rk(rd_kafka_new(type, conf.get(), text, sizeof text));
    if (!rk) {
      std::fprintf(stderr, "%s\n", text);
      std::exit(1);
    }
    (void)conf.release();
    return rk;
  }

  Handle host_;
  std::string servers_;
};
