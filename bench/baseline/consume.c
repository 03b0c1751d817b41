/*
 * Reads a topic from its beginning with rd_kafka_consume_batch_queue: the fastest documented way of the C library.
 *
 *   consume --brokers B --topic T --messages N [--warmup W] --partitions P [--group G] [--batch 4096]
 *           [--touch sampled|all] [--partition-queues] [--copy] [--commit]
 *           [-X key=value ...]
 *
 * With --group it subscribes, without it assigns partitions 0..P-1. --partition-queues takes from one queue per
 * partition, as the addon does. With --commit what was read is committed after every batch, and waited for. With --copy
 * every key and payload is copied into memory of its own, as everybody must who keeps messages beyond the next poll and
 * after closing. The clock starts when W messages were read. Prints one line of JSON.
 */
#include "baseline.h"

#define SLAB_BYTES (256 << 10)
/* What is kept: so many slabs, then the oldest is written over. More than a processor's caches of one core hold. */
#define SLABS 64

typedef struct {
  char* memory[SLABS];
  size_t size[SLABS], used;
  int current;
} slabs_t;

typedef struct {
  int64_t messages, bytes, warmup, warm;
  uint32_t digest;
  double first, last, first_cpu, last_cpu;
  slabs_t* kept;
  int64_t* counts; /* of each partition */
} totals_t;

static void keep(slabs_t* slabs, const void* data, size_t size) {
  if (!data) return;
  if (slabs->used + size > slabs->size[slabs->current]) {
    const int next = slabs->current = (slabs->current + 1) % SLABS;
    slabs->used = 0;
    if (slabs->size[next] < size || !slabs->memory[next]) {
      slabs->size[next] = size > SLAB_BYTES ? size : SLAB_BYTES;
      free(slabs->memory[next]);
      if (!(slabs->memory[next] = malloc(slabs->size[next]))) die("no memory for %zu bytes", slabs->size[next]);
    }
  }
  memcpy(slabs->memory[slabs->current] + slabs->used, data, size);
  slabs->used += size;
}

static void account(totals_t* totals, rd_kafka_message_t** messages, ssize_t count, int touch_all) {
  if (count > 0 && totals->first == 0 && totals->messages >= totals->warmup) {
    totals->warm = totals->messages;
    totals->first_cpu = cpu_seconds();
    totals->first = now_seconds();
  }
  for (ssize_t i = 0; i < count; i++) {
    rd_kafka_message_t* message = messages[i];
    if (message->err) {
      if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
        fprintf(stderr, "consume: %s\n", rd_kafka_message_errstr(message));
    } else {
      if (touch_all || message->offset % SAMPLE == 0) totals->digest += digest_of(message->payload, message->len);
      totals->messages++;
      totals->counts[message->partition]++;
      totals->bytes += (int64_t)message->len;
      if (totals->kept) {
        keep(totals->kept, message->key, message->key_len);
        keep(totals->kept, message->payload, message->len);
      }
    }
    rd_kafka_message_destroy(message);
  }
}

static void end(totals_t* totals) {
  totals->last = now_seconds();
  totals->last_cpu = cpu_seconds();
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ready = PTHREAD_COND_INITIALIZER;
static int pending = 0;

static void wake(rd_kafka_t* rk, void* opaque) {
  (void)rk;
  (void)opaque;
  pthread_mutex_lock(&mutex);
  pending = 1;
  pthread_cond_signal(&ready);
  pthread_mutex_unlock(&mutex);
}

static void wait_ready(void) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec++; /* the consumer queue itself must be polled now and then */
  pthread_mutex_lock(&mutex);
  while (!pending)
    if (pthread_cond_timedwait(&ready, &mutex, &until)) break;
  pending = 0;
  pthread_mutex_unlock(&mutex);
}

/* Round robin over the partitions' own queues; sleeps when all of them are empty. */
static void read_partition_queues(rd_kafka_t* rk, rd_kafka_queue_t* main_queue, rd_kafka_topic_partition_list_t* list,
                                  totals_t* totals, int64_t wanted, int64_t batch, int touch_all) {
  rd_kafka_message_t** messages = malloc(sizeof(*messages) * (size_t)batch);
  rd_kafka_queue_t** queues = malloc(sizeof(*queues) * (size_t)list->cnt);
  for (int i = 0; i < list->cnt; i++) {
    queues[i] = rd_kafka_queue_get_partition(rk, list->elems[i].topic, list->elems[i].partition);
    rd_kafka_queue_forward(queues[i], NULL);
    rd_kafka_queue_cb_event_enable(queues[i], wake, NULL);
  }
  rd_kafka_assign(rk, list);
  while (totals->messages < wanted && !interrupted) {
    ssize_t taken = rd_kafka_consume_batch_queue(main_queue, 0, messages, (size_t)batch);
    account(totals, messages, taken, touch_all);
    for (int i = 0; i < list->cnt && totals->messages < wanted; i++) {
      ssize_t count = rd_kafka_consume_batch_queue(queues[i], 0, messages, (size_t)batch);
      account(totals, messages, count, touch_all);
      taken += count;
    }
    if (taken == 0) wait_ready();
  }
  end(totals);
  for (int i = 0; i < list->cnt; i++) rd_kafka_queue_destroy(queues[i]);
  free(queues);
  free(messages);
}

/* Commits where each partition is, and waits for the answer. */
static void commit(rd_kafka_t* rk) {
  rd_kafka_topic_partition_list_t* positions;
  rd_kafka_resp_err_t error = rd_kafka_assignment(rk, &positions);
  if (!error) error = rd_kafka_position(rk, positions);
  if (!error) error = rd_kafka_commit(rk, positions, 0);
  if (error) die("commit: %s", rd_kafka_err2str(error));
  rd_kafka_topic_partition_list_destroy(positions);
}

static void read_consumer_queue(rd_kafka_t* rk, rd_kafka_queue_t* queue, totals_t* totals, int64_t wanted,
                                int64_t batch, int touch_all, int commits) {
  rd_kafka_message_t** messages = malloc(sizeof(*messages) * (size_t)batch);
  while (totals->messages < wanted && !interrupted) {
    /* Waiting for a full batch would add its timeout to every short one: the first message blocks, the rest do not. */
    ssize_t count = rd_kafka_consume_batch_queue(queue, 0, messages, (size_t)batch);
    if (count == 0) count = rd_kafka_consume_batch_queue(queue, 100, messages, 1);
    if (count < 0) die("consume: %s", rd_kafka_err2str(rd_kafka_last_error()));
    const int64_t before = totals->messages;
    account(totals, messages, count, touch_all);
    if (commits && totals->messages > before) commit(rk);
  }
  end(totals);
  free(messages);
}

int main(int argc, char** argv) {
  const char* topic = option(argc, argv, "--topic", NULL);
  const char* group = option(argc, argv, "--group", "");
  const int64_t wanted = number(argc, argv, "--messages", NULL);
  const int64_t batch = number(argc, argv, "--batch", "4096");
  const int64_t partitions = number(argc, argv, "--partitions", NULL);
  const int commits = has_flag(argc, argv, "--commit");
  const int touch_all = !strcmp(option(argc, argv, "--touch", "sampled"), "all");
  catch_signals();

  rd_kafka_conf_t* conf = configuration(argc, argv);
  set(conf, "group.id", *group ? group : "bench-assign");
  set(conf, "enable.auto.commit", "false");
  set(conf, "auto.offset.reset", "earliest");
  rd_kafka_t* rk = client(RD_KAFKA_CONSUMER, conf);
  rd_kafka_poll_set_consumer(rk);
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(rk);

  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new((int)partitions);
  totals_t totals = {0};
  slabs_t kept = {0};
  totals.warmup = number(argc, argv, "--warmup", "0");
  totals.counts = calloc((size_t)partitions, sizeof(*totals.counts));
  totals.kept = has_flag(argc, argv, "--copy") ? &kept : NULL;
  if (*group) {
    rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t error = rd_kafka_subscribe(rk, list);
    if (error) die("subscribe: %s", rd_kafka_err2str(error));
    read_consumer_queue(rk, queue, &totals, wanted, batch, touch_all, commits);
  } else {
    for (int32_t i = 0; i < partitions; i++)
      rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    if (has_flag(argc, argv, "--partition-queues")) {
      read_partition_queues(rk, queue, list, &totals, wanted, batch, touch_all);
    } else {
      rd_kafka_assign(rk, list);
      read_consumer_queue(rk, queue, &totals, wanted, batch, touch_all, commits);
    }
  }

  const double cpu = cpu_seconds();
  printf("{\"messages\":%" PRId64 ",\"bytes\":%" PRId64 ",\"digest\":%u,\"timed\":%" PRId64
         ",\"seconds\":%.6f,\"timedCpuSeconds\":%.3f,\"cpuSeconds\":%.3f,\"rssMb\":%.1f,\"librdkafka\":\"%s\","
         "\"counts\":[",
         totals.messages, totals.bytes, totals.digest, totals.messages - totals.warm, totals.last - totals.first,
         totals.last_cpu - totals.first_cpu, cpu, rss_peak_mb(), rd_kafka_version_str());
  for (int64_t i = 0; i < partitions; i++) printf("%s%" PRId64, i ? "," : "", totals.counts[i]);
  printf("]}\n");
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_queue_destroy(queue);
  rd_kafka_consumer_close(rk);
  rd_kafka_destroy(rk);
  for (int i = 0; i < SLABS; i++) free(kept.memory[i]);
  free(totals.counts);
  return interrupted ? 130 : 0;
}
