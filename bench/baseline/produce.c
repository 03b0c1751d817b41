/*
 * Writes N messages as fast as it can and waits for every delivery report. What `rdkafka_performance -P` does: one
 * rd_kafka_produce a message, poll(0) every thousand messages, poll(10) when the queue is full. It differs in one
 * thing: each payload is different, so it is copied into the queue (RD_KAFKA_MSG_F_COPY) and not shared.
 *
 *   produce --brokers B --topic T --messages N --size S [--warmup W] [--partitions P] [--keys K] [--cycle C]
 *           [-X key=value ...]
 *
 * With --partitions the message with sequence number i goes to partition i modulo P (offset i / P in a new topic: how
 * the bench fills the topics it reads); without, the partitioner decides. With --keys each message has one of K keys,
 * in no order; without, none. Sequence numbers repeat after C messages. The clock starts when W messages were
 * delivered. Prints one line of JSON.
 */
#include "baseline.h"

static int64_t delivered = 0, failed = 0, warmup = 0, warm = 0;
static double start = 0, start_cpu = 0;

static void start_clock(void) {
  warm = delivered;
  start_cpu = cpu_seconds();
  start = now_seconds();
}

static void on_delivery(rd_kafka_t* rk, const rd_kafka_message_t* message, void* opaque) {
  (void)rk;
  (void)opaque;
  if (message->err) {
    if (failed++ == 0) fprintf(stderr, "produce: %s\n", rd_kafka_err2str(message->err));
  } else {
    if (start == 0 && delivered >= warmup) start_clock();
    delivered++;
  }
}

int main(int argc, char** argv) {
  const char* topic = option(argc, argv, "--topic", NULL);
  const int64_t messages = number(argc, argv, "--messages", NULL);
  const size_t size = (size_t)number(argc, argv, "--size", NULL);
  const int32_t partitions = (int32_t)number(argc, argv, "--partitions", "0");
  const uint32_t keys = (uint32_t)number(argc, argv, "--keys", "0");
  const int64_t cycle = number(argc, argv, "--cycle", "4294967296");
  warmup = number(argc, argv, "--warmup", "0");
  catch_signals();

  rd_kafka_conf_t* conf = configuration(argc, argv);
  rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  rd_kafka_t* rk = client(RD_KAFKA_PRODUCER, conf);
  rd_kafka_topic_t* rkt = rd_kafka_topic_new(rk, topic, NULL);
  if (!rkt) die("topic %s: %s", topic, rd_kafka_err2str(rd_kafka_last_error()));

  /* The handshake is not part of the measurement, as it is not in the consumers'. */
  const struct rd_kafka_metadata* metadata;
  rd_kafka_resp_err_t error = rd_kafka_metadata(rk, 0, rkt, &metadata, 30000);
  if (error) die("metadata: %s", rd_kafka_err2str(error));
  rd_kafka_metadata_destroy(metadata);

  char* payload = malloc(size + 1);
  uint32_t random = 1;
  for (size_t i = 0; i < size; i++)
    payload[i] = (char)('a' + (random = random * 1664525u + 1013904223u) / 165191050u % 26);

  if (warmup == 0) start_clock();
  int64_t full = 0;
  for (int64_t i = 0; i < messages && !interrupted; i++) {
    stamp(payload, size, (uint32_t)(i % cycle));
    const int32_t partition = partitions > 0 ? (int32_t)(i % partitions) : RD_KAFKA_PARTITION_UA;
    char key[16];
    const size_t key_size = keys ? (size_t)snprintf(key, sizeof(key), "%u", (uint32_t)i * 2654435761u % keys) : 0;
    while (rd_kafka_produce(rkt, partition, RD_KAFKA_MSG_F_COPY, payload, size, keys ? key : NULL, key_size, NULL) &&
           !interrupted) {
      error = rd_kafka_last_error();
      if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) die("produce: %s", rd_kafka_err2str(error));
      full++;
      rd_kafka_poll(rk, 10);
    }
    if (i % 1000 == 999) rd_kafka_poll(rk, 0);
  }
  while (rd_kafka_outq_len(rk) > 0 && !interrupted) rd_kafka_poll(rk, 100);
  const double seconds = now_seconds() - start;
  const double timed_cpu = cpu_seconds() - start_cpu;

  printf("{\"messages\":%" PRId64 ",\"failed\":%" PRId64 ",\"bytes\":%" PRId64 ",\"timed\":%" PRId64
         ",\"seconds\":%.6f,\"timedCpuSeconds\":%.3f,\"queueFull\":%" PRId64
         ",\"cpuSeconds\":%.3f,\"rssMb\":%.1f,\"librdkafka\":\"%s\"}\n",
         delivered, failed, delivered * (int64_t)size, delivered - warm, seconds, timed_cpu, full, cpu_seconds(),
         rss_peak_mb(), rd_kafka_version_str());
  rd_kafka_topic_destroy(rkt);
  if (interrupted) rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_destroy(rk);
  free(payload);
  return interrupted ? 130 : failed > 0;
}
