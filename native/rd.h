// RAII for every librdkafka type this addon touches, one line each, and every version gate. No Node-API here.
#pragma once

// The C header trips one of our warnings in C++.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-qualifiers"
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#pragma GCC diagnostic pop

#include <memory>

// ---- version gates: the only #if on RD_KAFKA_VERSION in the addon ----

// Older ones lose messages in batch consumption and cannot log in with SCRAM to Kafka 4.
constexpr int kOldestLibrdkafka = 0x020601ff;
#if RD_KAFKA_VERSION < 0x020601ff
#error "librdkafka 2.6.1 or newer is required: install a newer one or build without RDKAFKA_RX_LIBRDKAFKA"
#endif
// 2.10.0 loops on broker removal.
constexpr bool IsRefusedLibrdkafka(int version) { return version < kOldestLibrdkafka || (version >> 8) == 0x020a00; }

namespace rd {
inline rd_kafka_resp_err_t SetMockRebalanceDelay(rd_kafka_mock_cluster_t* cluster, int ms) {
#if RD_KAFKA_VERSION >= 0x020b00ff
  rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, ms);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
#else
  (void)cluster;
  (void)ms;
  return RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE;
#endif
}

// What is in the queue now, at most `size` of it. Before 2.13.2 an end of partition or an error that is taken as part
// of a batch moves the position past the next message, which is then never read when a rebalance pauses and resumes the
// partition. Taken one by one they do not.
inline size_t Take(rd_kafka_queue_t* queue, rd_kafka_message_t** messages, size_t size) {
  if (rd_kafka_version() >= 0x020d02ff) {
    const ssize_t count = rd_kafka_consume_batch_queue(queue, 0, messages, size);
    return count < 0 ? 0 : static_cast<size_t>(count);
  }
  size_t count = 0;
  while (count < size && (messages[count] = rd_kafka_consume_queue(queue, 0)) != nullptr) count++;
  return count;
}
}  // namespace rd

namespace rd {

template <auto destroy>
struct Deleter {
  template <class T>
  void operator()(T* pointer) const noexcept {
    destroy(pointer);
  }
};
template <class T, auto destroy>
using Owned = std::unique_ptr<T, Deleter<destroy>>;

using Conf = Owned<rd_kafka_conf_t, rd_kafka_conf_destroy>;
using Queue = Owned<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using Event = Owned<rd_kafka_event_t, rd_kafka_event_destroy>;
using Error = Owned<rd_kafka_error_t, rd_kafka_error_destroy>;
using Topic = Owned<rd_kafka_topic_t, rd_kafka_topic_destroy>;
using Message = Owned<rd_kafka_message_t, rd_kafka_message_destroy>;
using Headers = Owned<rd_kafka_headers_t, rd_kafka_headers_destroy>;
using PartitionList = Owned<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;
using GroupMetadata = Owned<rd_kafka_consumer_group_metadata_t, rd_kafka_consumer_group_metadata_destroy>;
using NewTopic = Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
using DeleteTopic = Owned<rd_kafka_DeleteTopic_t, rd_kafka_DeleteTopic_destroy>;
using NewPartitions = Owned<rd_kafka_NewPartitions_t, rd_kafka_NewPartitions_destroy>;
using AdminOptions = Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using MockCluster = Owned<rd_kafka_mock_cluster_t, rd_kafka_mock_cluster_destroy>;

// The buffer that librdkafka writes the text of an error, or of a value, to.
struct ErrText {
  static constexpr size_t size = 512;
  char data[size] = "";
};

struct MetadataDeleter {
  void operator()(const rd_kafka_metadata_t* metadata) const noexcept { rd_kafka_metadata_destroy(metadata); }
};
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, MetadataDeleter>;

struct MemFree {
  void operator()(void* pointer) const noexcept { rd_kafka_mem_free(nullptr, pointer); }
};
template <class T>
using Mem = std::unique_ptr<T, MemFree>;

}  // namespace rd
