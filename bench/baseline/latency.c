/*
 * Time from rd_kafka_produce to the message in the consumer's hands on an otherwise idle topic: one message at a time,
 * the next one --gap milliseconds after the last was read.
 *
 *   latency --brokers B --topic T --messages N [--size 100] [--gap 5] [-X key=value ...]
 *
 * The topic has one partition. The consumer is assigned and at the end before the first message is sent; the first
 * --warmup messages are not counted. -X goes to both clients. Prints one line of JSON, milliseconds.
 */
#include <math.h>

#include "baseline.h"

static int ascending(const void* a, const void* b) {
  double x = *(const double*)a, y = *(const double*)b;
  return x < y ? -1 : x > y;
}

static inline double percentile(const double* sorted, size_t count, double p) {
  size_t at = (size_t)ceil(p * (double)count);
  return sorted[at > 0 ? at - 1 : 0];
}

int main(int argc, char** argv) {
  const char* topic = option(argc, argv, "--topic", NULL);
  const int64_t messages = number(argc, argv, "--messages", "1000");
  const int64_t warmup = number(argc, argv, "--warmup", "50");
  const int64_t gap = number(argc, argv, "--gap", "5");
  const size_t size = (size_t)number(argc, argv, "--size", "100");
  catch_signals();

  rd_kafka_conf_t* conf = configuration(argc, argv);
  set(conf, "group.id", "bench-latency");
  set(conf, "enable.auto.commit", "false");
  set(conf, "enable.partition.eof", "true");
  rd_kafka_t* consumer = client(RD_KAFKA_CONSUMER, conf);
  rd_kafka_poll_set_consumer(consumer);
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(consumer);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic, 0)->offset = RD_KAFKA_OFFSET_END;
  rd_kafka_assign(consumer, list);

  conf = configuration(argc, argv);
  set(conf, "linger.ms", "0");
  rd_kafka_t* producer = client(RD_KAFKA_PRODUCER, conf);
  rd_kafka_topic_t* rkt = rd_kafka_topic_new(producer, topic, NULL);

  double* latencies = malloc(sizeof(*latencies) * (size_t)messages);
  char* payload = calloc(1, size);
  int64_t counted = 0;
  uint32_t next = 0;
  double sent = 0;
  int at_end = 0;
  const double deadline = now_seconds() + 30;
  while (counted < messages && !interrupted) {
    rd_kafka_message_t* message;
    if (rd_kafka_consume_batch_queue(queue, 1000, &message, 1) != 1) {
      if (!at_end && now_seconds() > deadline) die("the consumer did not reach the end of %s in 30 s", topic);
      continue;
    }
    const double now = now_seconds();
    const int is_eof = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    const int is_ours = !message->err && message->len == size && load32(message->payload) == next;
    if (message->err && !is_eof) fprintf(stderr, "consume: %s\n", rd_kafka_message_errstr(message));
    rd_kafka_message_destroy(message);
    if (is_ours) {
      if (next >= warmup) latencies[counted++] = (now - sent) * 1e3;
      next++;
    } else if (!is_eof || at_end) {
      continue; /* the end is told again after every message */
    }
    at_end = 1;
    const struct timespec pause = {gap / 1000, gap % 1000 * 1000000};
    nanosleep(&pause, NULL);
    rd_kafka_poll(producer, 0);
    stamp(payload, size, next);
    sent = now_seconds();
    if (rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, payload, size, NULL, 0, NULL))
      die("produce: %s", rd_kafka_err2str(rd_kafka_last_error()));
  }

  if (counted > 0) {
    qsort(latencies, (size_t)counted, sizeof(*latencies), ascending);
    printf("{\"messages\":%" PRId64
           ",\"p50\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f,\"cpuSeconds\":%.3f,\"librdkafka\":\"%s\"}\n",
           counted, percentile(latencies, (size_t)counted, 0.5), percentile(latencies, (size_t)counted, 0.99),
           percentile(latencies, (size_t)counted, 0.999), latencies[counted - 1], cpu_seconds(),
           rd_kafka_version_str());
  }
  rd_kafka_flush(producer, 5000);
  rd_kafka_topic_destroy(rkt);
  rd_kafka_destroy(producer);
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_queue_destroy(queue);
  rd_kafka_consumer_close(consumer);
  rd_kafka_destroy(consumer);
  free(latencies);
  free(payload);
  return interrupted ? 130 : 0;
}
