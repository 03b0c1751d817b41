"""confluent-kafka-python as a subject of the bench: the spec as JSON in its argument, one line of JSON as its result."""

import json
import resource
import sys
import time

import confluent_kafka

SAMPLE = 64
BATCH = 10_000
MASK = 0xFFFFFFFF


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def digest_of(payload):
    if len(payload) < 8:
        return len(payload)
    first = int.from_bytes(payload[:4], "little")
    return first + 31 * int.from_bytes(payload[-4:], "little")


class Clock:
    """Starts when the warm-up is over."""

    def __init__(self, warmup):
        self.warmup = warmup
        self.done = 0
        self.started = None

    def begin(self):
        if self.started is None and self.done >= self.warmup:
            self.warm, self.cpu, self.started = self.done, cpu(), time.monotonic()

    def result(self):
        seconds = time.monotonic() - self.started
        return {"timed": self.done - self.warm, "seconds": seconds, "timedCpuSeconds": cpu() - self.cpu}


def configuration(spec):
    def text(value):
        return str(value).lower() if isinstance(value, bool) else value

    return {"bootstrap.servers": spec["brokers"], **{key: text(value) for key, value in spec["config"].items()}}


def consume(spec):
    consumer = confluent_kafka.Consumer(
        {**configuration(spec), "group.id": spec["group"], "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([spec["topic"]])
    clock, digest = Clock(spec["warmup"]), 0
    every = 1 if spec["touch"] == "all" else SAMPLE
    while clock.done < spec["messages"]:
        # Waiting for a full batch would add its timeout to every short one: the first message blocks, the rest do not.
        messages = consumer.consume(BATCH, 0) or consumer.consume(1, 0.1)
        if messages:
            clock.begin()
        for message in messages:
            if message.error():
                raise confluent_kafka.KafkaException(message.error())
            if message.offset() % every == 0:
                digest += digest_of(message.value())
        clock.done += len(messages)
    result = {**clock.result(), "digest": digest & MASK}
    consumer.close()
    return result


def produce(spec):
    producer = confluent_kafka.Producer(configuration(spec))
    size, cycle = spec["size"], min(spec["cycle"], spec["messages"])
    body = b"abcdefghijklmnopqrstuvwxyz" * (size // 26 + 1)

    def payload(i):
        if size < 8:
            return body[:size]
        return i.to_bytes(4, "little") + body[4 : size - 4] + (i * 2654435761 & MASK).to_bytes(4, "little")

    values = [payload(i) for i in range(cycle)]
    clock = Clock(spec["warmup"])

    def delivered(error, _):
        if error is not None:
            raise confluent_kafka.KafkaException(error)
        clock.begin()
        clock.done += 1

    topic = spec["topic"]
    for i in range(spec["messages"]):
        while True:
            try:
                producer.produce(topic, values[i % cycle], on_delivery=delivered)
                break
            except BufferError:
                producer.poll(0.01)
        if i % 1000 == 999:
            producer.poll(0)
    producer.flush()
    return clock.result()


def main():
    spec = json.loads(sys.argv[1])
    result = (produce if spec["suite"] == "produce" else consume)(spec)
    versions = {
        "confluent-kafka-python": confluent_kafka.version()[0]
        if isinstance(confluent_kafka.version(), tuple)
        else confluent_kafka.version(),
        "librdkafka": confluent_kafka.libversion()[0],
        "python": sys.version.split()[0],
    }
    messages = spec["messages"]
    print(json.dumps({"messages": messages, "bytes": messages * spec["size"], **result, "versions": versions}))


main()
