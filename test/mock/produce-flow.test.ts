import { type BatchReport, type DeliveryReport, ProduceError } from 'rdkafka-rx';
import { NEVER } from '../support/never';
import { Bench, next, numbered, rejection, texts } from './harness';

const bench = Bench.use({ brokers: 3 });

/** Every promise's fate, and how often it settled. */
function watch(promises: readonly Promise<unknown>[]) {
  const fates = promises.map(() => ({ settled: 0, code: undefined as string | undefined, ok: false }));
  const all = promises.map((promise, i) =>
    promise.then(
      () => Object.assign(fates[i] as object, { settled: (fates[i]?.settled ?? 0) + 1, ok: true }),
      (error: { code?: string }) =>
        Object.assign(fates[i] as object, { settled: (fates[i]?.settled ?? 0) + 1, code: error.code }),
    ),
  );
  return { fates, all: Promise.all(all) };
}

describe('back-pressure', () => {
  it('a queue of ten records takes ten thousand sends, in order, and loses nothing', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ 'queue.buffering.max.messages': 10, 'linger.ms': 0 });
    const reports: DeliveryReport[] = [];
    const sent: Promise<unknown>[] = [];
    for (const value of numbered(10_000)) {
      sent.push(producer.send({ topic, value }).then((report) => reports.push(report)));
    }
    await Promise.all(sent);
    expect(reports.map(({ offset }) => offset)).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
    expect(texts((await bench.contents(topic))[0] ?? [])).toEqual(numbered(10_000));
  });

  it('ready() waits while the queue is full and goes on when half of it is free', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ 'queue.buffering.max.messages': 100, 'linger.ms': 0 });
    let most = 0;
    const sent: Promise<unknown>[] = [];
    for (const value of numbered(5_000)) {
      await producer.ready();
      sent.push(producer.send({ topic, value }));
      most = Math.max(most, producer.pending);
    }
    await Promise.all(sent);
    expect(most).toBe(100);
    expect(producer.pending).toBe(0);
    expect(texts((await bench.contents(topic))[0] ?? [])).toEqual(numbered(5_000));
  });

  it('ready() counts bytes too', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ 'queue.buffering.max.kbytes': 64, 'linger.ms': 0 });
    await bench.cluster.setTopicError(topic, 'UNKNOWN_TOPIC_OR_PART');
    const sent = [40_000, 40_000].map((bytes) => rejection(producer.send({ topic, value: Buffer.alloc(bytes) })));
    let free = false;
    const ready = producer.ready().then(() => {
      free = true;
    });
    await producer.metadata(); // a turn through the poll thread
    expect(free).toBe(false);
    await producer.purge();
    await ready;
    await Promise.all(sent);
  });

  it('ready() rejects when the producer is closed meanwhile, and when its signal aborts', async () => {
    const producer = bench.producer({ 'queue.buffering.max.messages': 1, 'bootstrap.servers': '127.0.0.1:1' });
    const sent = rejection(producer.send({ topic: 'none', value: 'x' }));
    const controller = new AbortController();
    const aborted = rejection(producer.ready({ signal: controller.signal }));
    const waiting = rejection(producer.ready());
    controller.abort(new Error('enough'));
    expect(await aborted).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: { message: 'enough' } });
    await producer.close({ timeoutMs: 0 });
    expect((await waiting).code).toBe('ERR_KAFKA_CLIENT_CLOSED');
    await sent;
  });

  it('records that only one after the other fit into the queue are all sent', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ 'queue.buffering.max.kbytes': 1, 'linger.ms': 0 });
    const report = await producer.sendBatch({
      topic,
      records: [{ value: Buffer.alloc(900) }, { value: Buffer.alloc(900) }],
    });
    expect([...report.offsets]).toEqual([0, 1]);
  });

  it('a record larger than the whole queue is refused, and holds up nothing', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ 'queue.buffering.max.kbytes': 1, 'linger.ms': 0 });
    const values = ['a', Buffer.alloc(2000), 'b', Buffer.alloc(2000)];
    const sent = values.map((value) => producer.send({ topic, value }));
    const flushed = producer.flush();
    expect(await rejection(sent[1] as Promise<unknown>)).toMatchObject({
      code: 'ERR_KAFKA__QUEUE_FULL',
      status: 'not-persisted',
    });
    await rejection(sent[3] as Promise<unknown>);
    expect([(await sent[0])?.offset, (await sent[2])?.offset]).toEqual([0, 1]);
    await flushed;
    expect(producer.pending).toBe(0);
  });
});

describe('order within a partition', () => {
  const errors = [
    'NOT_LEADER_FOR_PARTITION',
    '_TRANSPORT',
    'REQUEST_TIMED_OUT',
    '_TRANSPORT',
    'NOT_ENOUGH_REPLICAS',
  ] as const;

  it('is kept while the broker refuses and connections break, with idempotence', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({
      'enable.idempotence': true,
      'linger.ms': 10,
      'retry.backoff.ms': 5,
      'reconnect.backoff.ms': 10,
    });
    await producer.send({ topic, value: 'v0' });
    for (let i = 0; i < errors.length; i++) {
      // One request at a time: the embedded cluster does not look at sequence numbers.
      await bench.cluster.pushErrors('Produce', errors.slice(0, i + 1));
      const reports = await Promise.all(numbered(200, 1 + i * 200).map((value) => producer.send({ topic, value })));
      expect(reports.map(({ offset }) => offset)).toEqual(Array.from({ length: 200 }, (_, j) => 1 + i * 200 + j));
    }
    expect(texts((await bench.contents(topic))[0] ?? [])).toEqual(numbered(1001));
  });

  it('send and sendBatch keep the order of the calls', async () => {
    const topic = await bench.topic();
    const producer = bench.producer();
    await Promise.all([
      producer.send({ topic, value: 'v0' }),
      producer.sendBatch({ topic, records: [{ value: 'v1' }, { value: 'v2' }] }),
      producer.send({ topic, value: 'v3' }),
    ]);
    expect(texts((await bench.contents(topic))[0] ?? [])).toEqual(numbered(4));
  });
});

describe('records that cross together', () => {
  it('keep their order, whatever else they have: headers, a timestamp, a partition, another topic between them', async () => {
    const [topic, other] = [await bench.topic(), await bench.topic()];
    const producer = bench.producer();
    const more: object[] = [
      {},
      {},
      { headers: { a: 'b' } },
      {},
      { timestamp: 5 },
      { partition: 0 },
      {},
      { key: 'k' },
      {},
    ];
    const sent: Promise<DeliveryReport>[] = [];
    for (const [i, value] of numbered(900).entries()) {
      sent.push(producer.send({ topic, value, ...more[i % more.length] }));
      if (i % 50 === 0) sent.push(producer.send({ topic: other, value }));
    }
    const reports = await Promise.all(sent);
    const offsets = reports.filter((report) => report.topic === topic).map(({ offset }) => offset);
    expect(offsets).toEqual(Array.from({ length: 900 }, (_, i) => i));
    expect(texts((await bench.contents(topic))[0] ?? [])).toEqual(numbered(900));
    expect((await bench.contents(other))[0]).toHaveLength(18);
  });

  it('are refused one by one: what is too large, a partition that is not there', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ 'message.max.bytes': 2000 });
    await producer.metadata(topic);
    await producer.send({ topic, value: 'v0' });
    const bad: object[] = [{ value: Buffer.alloc(3000) }, { value: 'x', partition: 7 }];
    const sent = numbered(300, 1).flatMap((value, i) => [
      producer.send({ topic, value }),
      ...(i % 100 === 0 ? bad.map((one) => producer.send({ topic, value: 'y', ...one })) : []),
    ]);
    const failed = (await Promise.allSettled(sent)).flatMap((one) =>
      one.status === 'rejected' ? [one.reason.code] : [],
    );
    const codes = ['ERR_KAFKA_MSG_SIZE_TOO_LARGE', 'ERR_KAFKA__UNKNOWN_PARTITION'];
    expect(failed).toEqual([...codes, ...codes, ...codes]);
    expect(producer.pending).toBe(0);
    expect(texts((await bench.contents(topic))[0] ?? [])).toEqual(numbered(301));
  });

  it('wait together where the queue is full, and go on where they stopped', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ 'queue.buffering.max.messages': 100, 'linger.ms': 0 });
    const report = await producer.sendBatch({ topic, records: numbered(5000).map((value) => ({ value })) });
    expect([...report.offsets]).toEqual(Array.from({ length: 5000 }, (_, i) => i));
    expect(texts((await bench.contents(topic))[0] ?? [])).toEqual(numbered(5000));
  });
});

describe('flush', () => {
  it('resolves each of several in turn, as what was sent before it is answered for', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ 'linger.ms': 5 });
    const order: string[] = [];
    const waits: Promise<unknown>[] = [];
    for (let round = 0; round < 5; round++) {
      for (const value of numbered(2000)) {
        waits.push(producer.send({ topic, value }).then(() => order.push(`record ${round}`)));
      }
      waits.push(producer.flush().then(() => order.push(`flush ${round}`)));
    }
    await Promise.all(waits);
    for (let round = 0; round < 5; round++) {
      expect(order.lastIndexOf(`record ${round}`)).toBeLessThan(order.indexOf(`flush ${round}`));
    }
  });

  it('ends the lingering of what was sent before', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ 'linger.ms': 200_000 });
    const { fates } = watch(numbered(10).map((value) => producer.send({ topic, value })));
    await producer.flush();
    expect(fates.every(({ ok }) => ok)).toBe(true);
  });

  it('resolves with nothing to do', async () => {
    await bench.producer().flush();
  });

  it('does not wait for what is sent after it', async () => {
    const topic = await bench.topic();
    const producer = bench.producer();
    await producer.send({ topic, value: 'first' });
    const flushed = producer.flush({ timeoutMs: 10_000 });
    await bench.cluster.setTopicError(topic, 'UNKNOWN_TOPIC_OR_PART');
    const later = rejection(producer.send({ topic: 'elsewhere', partition: 99, value: 'x' }));
    await flushed;
    await producer.purge();
    await later;
  });

  it('rejects in time when the broker cannot be reached, and keeps the records', async () => {
    const producer = bench.producer({ 'bootstrap.servers': '127.0.0.1:1' });
    const { fates, all } = watch([producer.send({ topic: 'none', value: 'x' })]);
    const error = await rejection(producer.flush({ timeoutMs: 50 }));
    expect(error).toMatchObject({ code: 'ERR_KAFKA__TIMED_OUT', retriable: true });
    expect(producer.pending).toBe(1);
    expect(fates[0]?.settled).toBe(0);
    await producer.purge();
    await all;
    expect(fates[0]).toEqual({ settled: 1, ok: false, code: 'ERR_KAFKA__PURGE_QUEUE' });
    expect(producer.pending).toBe(0);
  });

  it('sends what still waits for its serializer', async () => {
    const topic = await bench.topic();
    let answer: (value: string) => void = () => {};
    const value = {
      async: true as const,
      serialize: () => new Promise<string>((resolve) => (answer = resolve)),
    };
    const producer = bench.producer({ 'linger.ms': 200_000 }, { value });
    const { fates } = watch([producer.send({ topic, value: 'x' })]);
    const flushed = producer.flush();
    answer('x');
    await flushed;
    expect(fates[0]).toMatchObject({ settled: 1, ok: true });
  });
});

describe('purge', () => {
  it('rejects every queued record once, and the producer goes on', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ 'linger.ms': 200_000 });
    const { fates, all } = watch([
      ...numbered(100).map((value) => producer.send({ topic, value })),
      producer.sendBatch({ topic, records: [{ value: 'a' }, { value: 'b' }] }),
    ]);
    await producer.purge({ inFlight: false });
    await all;
    expect(fates).toEqual(fates.map(() => ({ settled: 1, ok: false, code: 'ERR_KAFKA__PURGE_QUEUE' })));
    const after = producer.send({ topic, value: 'after' });
    await producer.flush();
    expect((await after).offset).toBe(0);
  });

  it('of what is in flight says that it may be in the log', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ 'linger.ms': 0, 'enable.idempotence': true });
    const { brokers, topics } = await producer.metadata(topic);
    const leader = topics[0]?.partitions[0]?.leader as number;
    expect(brokers).toHaveLength(3);
    await producer.send({ topic, value: 'first' });
    await bench.cluster.setRoundTripTime(leader, 5_000);
    const sent = producer.send({ topic, value: 'slow' });
    const inFlight = next(
      bench.producer({ 'statistics.interval.ms': 10 }).statistics$, // a clock that is not ours
    );
    await inFlight;
    await producer.purge();
    const error = await rejection(sent);
    await bench.cluster.setRoundTripTime(leader, 0);
    expect(error.code).toMatch(/^ERR_KAFKA__PURGE_(QUEUE|INFLIGHT)$/);
    expect((error as ProduceError).status).toBe(
      error.code === 'ERR_KAFKA__PURGE_INFLIGHT' ? 'possibly-persisted' : 'not-persisted',
    );
  });
});

describe('close', () => {
  it('delivers what was sent before', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ 'linger.ms': 200_000 });
    const { fates } = watch(numbered(1000).map((value) => producer.send({ topic, value })));
    await producer.close();
    expect(fates.every(({ settled, ok }) => settled === 1 && ok)).toBe(true);
    expect(texts((await bench.contents(topic))[0] ?? [])).toEqual(numbered(1000));
  });

  it('settles every promise exactly once when the broker is gone', async () => {
    const producer = bench.producer({ 'bootstrap.servers': '127.0.0.1:1', 'queue.buffering.max.messages': 50 });
    const { fates, all } = watch([
      ...numbered(200).map((value) => producer.send({ topic: 'none', value })),
      producer.sendBatch({ topic: 'none', records: numbered(200).map((value) => ({ value })) }),
    ]);
    await producer.close({ timeoutMs: 100 });
    await all;
    expect(fates).toEqual(fates.map(() => ({ settled: 1, ok: false, code: expect.stringMatching(/^ERR_KAFKA_/) })));
    expect(producer.pending).toBe(0);
  });

  it('rejects what still waits for its serializer', async () => {
    const topic = await bench.topic();
    const value = { async: true as const, serialize: () => new Promise<string>(() => {}) };
    const sent = bench.producer({}, { value });
    const { fates } = watch([sent.send({ topic, value: 'x' })]);
    await sent.close({ timeoutMs: 300 });
    await Promise.resolve();
    expect(fates[0]).toMatchObject({ settled: 1, ok: false, code: 'ERR_KAFKA_CLIENT_CLOSED' });
  });

  it('delivers what is serialized in time, and what comes after it', async () => {
    const topic = await bench.topic();
    let answer: (value: string) => void = () => {};
    const value = {
      async: true as const,
      serialize: (text: string) =>
        text === 'slow' ? new Promise<string>((resolve) => (answer = resolve)) : Promise.resolve(text),
    };
    const producer = bench.producer({ 'linger.ms': 200_000 }, { value });
    const { fates, all } = watch([
      producer.send({ topic, value: 'slow' }),
      producer.send({ topic, value: 'behind' }),
      producer.sendBatch({ topic, records: [{ value: 'batch' }] }),
    ]);
    const closed = producer.close();
    setImmediate(() => answer('slow'));
    await Promise.all([closed, all]);
    expect(fates.map(({ ok }) => ok)).toEqual([true, true, true]);
    expect(texts((await bench.contents(topic))[0] ?? [])).toEqual(['slow', 'behind', 'batch']);
  });
});

describe('AbortSignal', () => {
  it('that is aborted already sends nothing', async () => {
    const topic = await bench.topic();
    const producer = bench.producer();
    const error = await rejection(producer.send({ topic, value: 'x' }, { signal: AbortSignal.abort('no') }));
    expect(error).toMatchObject({ code: 'ABORT_ERR', name: 'AbortError', cause: 'no' });
    await rejection(producer.sendBatch({ topic, records: [{ value: 'x' }] }, { signal: AbortSignal.abort() }));
    expect((await producer.send({ topic, value: 'y' })).offset).toBe(0);
  });

  it('ends the waiting, not the producer', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ 'linger.ms': 200_000 });
    const controller = new AbortController();
    const sent = producer.send({ topic, value: 'x' }, { signal: controller.signal });
    controller.abort();
    expect((await rejection(sent)).code).toBe('ABORT_ERR');
    await producer.flush();
    expect(producer.pending).toBe(0);
  });

  it('leaves no listener behind', async () => {
    const topic = await bench.topic();
    const producer = bench.producer();
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = ((...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    }) as typeof add;
    signal.removeEventListener = ((...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    }) as typeof remove;
    await Promise.all(numbered(20).map((value) => producer.send({ topic, value }, { signal })));
    await new Promise(setImmediate);
    expect(listeners).toBe(0);
  });
});

describe('what the broker refuses', () => {
  it.each(['INVALID_RECORD', 'MSG_SIZE_TOO_LARGE', 'INVALID_REQUIRED_ACKS'] as const)(
    '%s rejects that record alone, with its status',
    async (name) => {
      const topic = await bench.topic();
      const producer = bench.producer({ 'linger.ms': 0 });
      await producer.send({ topic, value: 'before' });
      await bench.cluster.pushErrors('Produce', [name]);
      const error = await rejection(producer.send({ topic, key: 'k', value: 'x' }));
      expect(error).toBeInstanceOf(ProduceError);
      expect(error).toMatchObject({ code: `ERR_KAFKA_${name}`, topic, status: 'not-persisted', fatal: false });
      expect((error as ProduceError).record).toMatchObject({ topic, key: 'k', value: 'x' });
      expect((await producer.send({ topic, value: 'after' })).offset).toBe(1);
    },
  );

  it('TOPIC_AUTHORIZATION_FAILED also rejects what comes next for that topic, and no other', async () => {
    const [topic, other] = [await bench.topic(), await bench.topic()];
    const producer = bench.producer({ 'linger.ms': 0 });
    await producer.send({ topic, value: 'before' });
    await bench.cluster.pushErrors('Produce', ['TOPIC_AUTHORIZATION_FAILED']);
    for (const value of ['x', 'y']) {
      const error = await rejection(producer.send({ topic, value }));
      expect(error).toMatchObject({ code: 'ERR_KAFKA_TOPIC_AUTHORIZATION_FAILED', topic, status: 'not-persisted' });
      expect(error.message).toMatch(/ACL/);
    }
    expect((await producer.send({ topic: other, value: 'z' })).offset).toBe(0);
  });

  it('for good after the configured retries', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ retries: 1, 'retry.backoff.ms': 1, 'linger.ms': 0 });
    await producer.send({ topic, value: 'before' });
    await bench.cluster.pushErrors('Produce', ['KAFKA_STORAGE_ERROR', 'KAFKA_STORAGE_ERROR', 'KAFKA_STORAGE_ERROR']);
    const error = await rejection(producer.send({ topic, value: 'x' }));
    expect(error).toMatchObject({ code: 'ERR_KAFKA_KAFKA_STORAGE_ERROR', status: 'not-persisted' });
    await bench.cluster.clearErrors('Produce');
    expect((await producer.send({ topic, value: 'after' })).offset).toBe(1);
  });

  it('in a batch: the first error rejects, and its report tells about every record', async () => {
    const topic = await bench.topic();
    const producer = bench.producer();
    const records = [{ value: 'a' }, { value: 'b', partition: 7 }, { value: 'c' }, { value: 'd', partition: 8 }];
    const error = (await rejection(producer.sendBatch({ topic, records }))) as ProduceError;
    expect(error).toMatchObject({ code: 'ERR_KAFKA__UNKNOWN_PARTITION', topic });
    const report = error.report as BatchReport;
    expect([report.size, report.failed]).toEqual([4, 2]);
    expect([...report.offsets]).toEqual([0, -1, 1, -1]);
    expect([0, 1, 2, 3].map((i) => report.errorAt(i)?.code)).toEqual([
      undefined,
      'ERR_KAFKA__UNKNOWN_PARTITION',
      undefined,
      'ERR_KAFKA__UNKNOWN_PARTITION',
    ]);
    expect(report.errorAt(3)?.record).toMatchObject({ topic, value: 'd' });
  });

  it('fatally, with idempotence: errors$ says so, every later send rejects, close is quick', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ 'enable.idempotence': true, 'enable.gapless.guarantee': true, 'linger.ms': 0 });
    await producer.send({ topic, value: 'before' });
    const fatal = next(producer.errors$, (error) => error.fatal);
    await bench.cluster.pushErrors('Produce', ['INVALID_RECORD']);
    // Refused for good, it leaves a gap, and that is what was promised not to be.
    expect((await rejection(producer.send({ topic, value: 'x' }))).code).toBe('ERR_KAFKA_INVALID_RECORD');
    expect((await fatal).code).toBe('ERR_KAFKA__GAPLESS_GUARANTEE');
    const later = await rejection(producer.send({ topic, value: 'later' }));
    expect(later).toMatchObject({
      name: 'ProduceError',
      code: 'ERR_KAFKA__GAPLESS_GUARANTEE',
      status: 'not-persisted',
    });
    // Nothing is left to wait for.
    await producer.close({ timeoutMs: NEVER });
  });

  it('by time: message.timeout.ms', async () => {
    const producer = bench.producer({ 'bootstrap.servers': '127.0.0.1:1', 'message.timeout.ms': 300 });
    const error = await rejection(producer.send({ topic: 'none', value: 'x' }));
    expect(error).toMatchObject({ code: 'ERR_KAFKA__MSG_TIMED_OUT', status: 'not-persisted' });
  });
});
