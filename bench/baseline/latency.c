/*
 * Time from rd_kafka_produce to the message in the consumer's hands on an otherwise idle topic: one message at a time,
 * the next one --gap milliseconds after the last was read.
 *
 *   latency --brokers B --topic T --messages N [--size 100] [--gap 5 | --rate R] [--warmup 50] [-X key=value ...]
 *
 * With --rate, R messages a second instead: those that are due are sent every millisecond, another thread reads.
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

/* Prints the line of JSON; sorts the latencies. */
static void report(double* latencies, size_t counted, int64_t messages, double seconds, double cpu) {
  qsort(latencies, counted, sizeof(*latencies), ascending);
  printf("{\"messages\":%" PRId64
         ",\"timed\":%zu,\"seconds\":%.6f,\"p50\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f,\"timedCpuSeconds\":%.3f"
         ",\"cpuSeconds\":%.3f,\"rssMb\":%.1f,\"librdkafka\":\"%s\"",
         messages, counted, seconds, percentile(latencies, counted, 0.5), percentile(latencies, counted, 0.99),
         percentile(latencies, counted, 0.999), latencies[counted - 1], cpu, cpu_seconds(), rss_peak_mb(),
         rd_kafka_version_str());
}

typedef struct {
  rd_kafka_queue_t* queue;
  double* latencies;
  int64_t messages, warmup, received;
  double first, first_cpu, last, last_cpu;
} reader_t;

/* Payloads begin with the time they were sent. */
static void* read_all(void* argument) {
  reader_t* reader = argument;
  rd_kafka_message_t* batch[1000];
  while (reader->received < reader->messages && !interrupted) {
    ssize_t count = rd_kafka_consume_batch_queue(reader->queue, 0, batch, 1000);
    if (count == 0) count = rd_kafka_consume_batch_queue(reader->queue, 100, batch, 1);
    for (ssize_t i = 0; i < count; i++) {
      if (!batch[i]->err && reader->received < reader->messages) {
        double sent;
        const double now = now_seconds();
        memcpy(&sent, batch[i]->payload, sizeof(sent));
        if (reader->received == reader->warmup) {
          reader->first = now;
          reader->first_cpu = cpu_seconds();
        }
        if (reader->received >= reader->warmup)
          reader->latencies[reader->received - reader->warmup] = (now - sent) * 1e3;
        reader->received++;
      }
      rd_kafka_message_destroy(batch[i]);
    }
  }
  reader->last = now_seconds();
  reader->last_cpu = cpu_seconds();
  return NULL;
}

static void wait_for_end(rd_kafka_queue_t* queue, const char* topic) {
  const double deadline = now_seconds() + 30;
  for (int at_end = 0; !at_end && !interrupted;) {
    rd_kafka_message_t* message;
    if (rd_kafka_consume_batch_queue(queue, 1000, &message, 1) == 1) {
      at_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
      rd_kafka_message_destroy(message);
    } else if (now_seconds() > deadline) {
      die("the consumer did not reach the end of %s in 30 s", topic);
    }
  }
}

/* Sends what is due every millisecond. Returns the messages a second that were sent. */
static double send_all(rd_kafka_t* producer, rd_kafka_topic_t* rkt, char* payload, size_t size, int64_t messages,
                       double rate) {
  const double began = now_seconds();
  for (int64_t sent = 0; sent < messages && !interrupted;) {
    const int64_t due = (int64_t)((now_seconds() - began) * rate);
    for (; sent < messages && sent < due; sent++) {
      const double now = now_seconds();
      memcpy(payload, &now, sizeof(now));
      while (rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, payload, size, NULL, 0, NULL)) {
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
          die("produce: %s", rd_kafka_err2str(rd_kafka_last_error()));
        rd_kafka_poll(producer, 1);
      }
    }
    rd_kafka_poll(producer, 0);
    const struct timespec pause = {0, 1000000};
    nanosleep(&pause, NULL);
  }
  return (double)messages / (now_seconds() - began);
}

static void at_rate(rd_kafka_queue_t* queue, rd_kafka_t* producer, rd_kafka_topic_t* rkt, const char* topic,
                    char* payload, size_t size, int64_t messages, int64_t warmup, double rate) {
  reader_t reader = {.queue = queue, .messages = messages, .warmup = warmup};
  reader.latencies = malloc(sizeof(double) * (size_t)messages);
  wait_for_end(queue, topic);
  pthread_t thread;
  pthread_create(&thread, NULL, read_all, &reader);
  const double per_second = send_all(producer, rkt, payload, size, messages, rate);
  pthread_join(thread, NULL);
  const size_t counted = (size_t)(messages - warmup);
  if (!interrupted) {
    if (per_second < 0.95 * rate) die("only %.0f of %.0f messages a second could be sent", per_second, rate);
    report(reader.latencies, counted, messages, reader.last - reader.first, reader.last_cpu - reader.first_cpu);
    printf(",\"sentPerSecond\":%.1f,\"rate\":%.1f}\n", per_second, rate);
  }
  free(reader.latencies);
}

int main(int argc, char** argv) {
  const char* topic = option(argc, argv, "--topic", NULL);
  const int64_t messages = number(argc, argv, "--messages", "1000");
  const int64_t warmup = number(argc, argv, "--warmup", "50");
  const int64_t gap = number(argc, argv, "--gap", "5");
  const size_t size = (size_t)number(argc, argv, "--size", "100");
  const double rate = strtod(option(argc, argv, "--rate", "0"), NULL);
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
  char* payload = calloc(1, size < 8 ? 8 : size);
  int64_t counted = 0;
  uint32_t next = 0;
  double sent = 0, first = 0, first_cpu = 0;
  int at_end = 0;
  const double deadline = now_seconds() + 30;
  if (rate > 0) at_rate(queue, producer, rkt, topic, payload, size < 8 ? 8 : size, messages, warmup, rate);
  while (rate == 0 && counted < messages && !interrupted) {
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
      if (++next == warmup) {
        first = now;
        first_cpu = cpu_seconds();
      }
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
    report(latencies, (size_t)counted, counted, now_seconds() - first, cpu_seconds() - first_cpu);
    printf("}\n");
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
