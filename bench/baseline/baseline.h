/*
 * Shared by the C programs that the bench takes as its limit: options, clocks, the payload that both sides agree on.
 *
 * Payload (8 bytes or more): u32 sequence number, filler, u32 sequence number times 2654435761 (little-endian, modulo
 * 2^32). Its first and last bytes are therefore enough to see a message that is cut, shifted or of another offset.
 */
#ifndef BASELINE_H
#define BASELINE_H

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* Every SAMPLE-th offset of a partition is checked when not all messages are: as in bench/digest.ts. */
#define SAMPLE 64

static volatile sig_atomic_t interrupted = 0;
static void on_signal(int signal) {
  (void)signal;
  interrupted = 1;
}
static inline void catch_signals(void) {
  signal(SIGINT, on_signal);
  signal(SIGTERM, on_signal);
}

static inline void die(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

static inline double now_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* CPU seconds of the whole process, all of librdkafka's threads included. */
static inline double cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static inline double rss_peak_mb(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)usage.ru_maxrss / 1024; /* kilobytes on Linux */
}

static inline uint32_t load32(const void* from) {
  uint32_t value;
  memcpy(&value, from, 4);
  return value;
}

static inline void stamp(char* payload, size_t size, uint32_t sequence) {
  if (size < 8) return;
  uint32_t check = sequence * 2654435761u;
  memcpy(payload, &sequence, 4);
  memcpy(payload + size - 4, &check, 4);
}

static inline uint32_t digest_of(const void* payload, size_t size) {
  if (size < 8) return (uint32_t)size;
  return load32(payload) + 31u * load32((const char*)payload + size - 4);
}

/* --name value; repeatable -X key=value goes to librdkafka. */
static inline const char* option(int argc, char** argv, const char* name, const char* otherwise) {
  for (int i = 1; i < argc - 1; i++)
    if (!strcmp(argv[i], name)) return argv[i + 1];
  if (!otherwise) die("%s: %s is required", argv[0], name);
  return otherwise;
}

static inline int64_t number(int argc, char** argv, const char* name, const char* otherwise) {
  return strtoll(option(argc, argv, name, otherwise), NULL, 10);
}

static inline int has_flag(int argc, char** argv, const char* name) {
  for (int i = 1; i < argc; i++)
    if (!strcmp(argv[i], name)) return 1;
  return 0;
}

static inline void set(rd_kafka_conf_t* conf, const char* key, const char* value) {
  char error[512];
  if (rd_kafka_conf_set(conf, key, value, error, sizeof(error)) != RD_KAFKA_CONF_OK)
    die("%s=%s: %s", key, value, error);
}

static inline rd_kafka_conf_t* configuration(int argc, char** argv) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", option(argc, argv, "--brokers", NULL));
  for (int i = 1; i < argc - 1; i++) {
    if (strcmp(argv[i], "-X")) continue;
    char* pair = strdup(argv[++i]);
    char* equals = strchr(pair, '=');
    if (!equals) die("-X %s: key=value expected", pair);
    *equals = '\0';
    set(conf, pair, equals + 1);
    free(pair);
  }
  return conf;
}

static inline rd_kafka_t* client(rd_kafka_type_t type, rd_kafka_conf_t* conf) {
  char error[512];
  rd_kafka_t* rk = rd_kafka_new(type, conf, error, sizeof(error));
  if (!rk) die("rd_kafka_new: %s", error);
  return rk;
}

#endif
