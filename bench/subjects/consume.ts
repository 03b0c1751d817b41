/** Reads a topic through each surface of this client. Everything read is acknowledged, as a service would. */
import { setTimeout as delay } from 'node:timers/promises';
import { Consumer, type Message, type MessageBatch } from 'rdkafka-rx';
import { bufferCount, concatMap, Subscription, take } from 'rxjs';
import type { TrialResult, TrialSpec } from '../trial';
import { Meter } from './meter';
import { consumerConfig } from './reader';

export async function run(spec: TrialSpec): Promise<TrialResult> {
  const consumer = new Consumer(consumerConfig(spec));
  const meter = new Meter(spec);
  const commit = spec.mode.endsWith('-none') ? 'none' : 'ack';
  const makesBatches = spec.batch > 0 && spec.mode !== 'bufferCount';
  const stream = consumer.stream(spec.topic, { commit, ...(makesBatches && { batch: { count: spec.batch } }) });

  const onBatch = (batch: MessageBatch): boolean => {
    const more = meter.run(batch.size, batch.firstOffset, (i) => (batch.at(i) as Message).value, batch.partition);
    if (commit === 'ack') batch.ack();
    return more;
  };
  const onMessage = (message: Message): boolean => {
    const more = meter.message(message.offset, () => message.value, message.partition);
    if (commit === 'ack') message.ack();
    return more;
  };
  const commits = spec.commits !== 'some';
  const onBatchThenCommit = async (batch: MessageBatch): Promise<boolean> => {
    const more = onBatch(batch);
    await consumer.commit();
    return more;
  };
  const onMessageThenCommit = (message: Message): Promise<void> => {
    onMessage(message);
    return consumer.commit();
  };
  const onBufferThenCommit = (messages: Message[]): Promise<void> => {
    onBuffer(messages);
    return consumer.commit();
  };
  const onBuffer = (messages: Message[]): void => {
    for (const message of messages) onMessage(message);
  };
  // Managed handlers: the run acknowledges.
  const handleBatch = (batch: MessageBatch): void => {
    meter.run(batch.size, batch.firstOffset, (i) => (batch.at(i) as Message).value, batch.partition);
  };
  const handle = (message: Message): void => {
    meter.message(message.offset, () => message.value);
  };
  const handleSlowly = async (message: Message): Promise<void> => {
    meter.message(message.offset, () => message.value);
    await delay(1);
  };
  // Unsubscribed when all is read: closing would wait for what is still pushed and committed one by one.
  const subscription = new Subscription();
  const failed = new Promise<never>((_, reject) => {
    const error = reject;
    if (spec.mode.startsWith('batches$')) {
      if (commits) subscription.add(stream.batches$.pipe(concatMap(onBatchThenCommit)).subscribe({ error }));
      else subscription.add(stream.batches$.subscribe({ next: onBatch, error }));
    } else if (spec.mode.startsWith('messages$')) {
      if (commits) subscription.add(stream.messages$.pipe(concatMap(onMessageThenCommit)).subscribe({ error }));
      else subscription.add(stream.messages$.subscribe({ next: onMessage, error }));
    } else if (spec.mode === 'bufferCount') {
      // Only the end flushes the last buffer: where it will not be full, the end must be seen.
      const { messages, batch } = spec;
      const some$ = messages % batch === 0 ? stream.messages$ : stream.messages$.pipe(take(messages));
      const buffers$ = some$.pipe(bufferCount(batch));
      if (commits) subscription.add(buffers$.pipe(concatMap(onBufferThenCommit)).subscribe({ error }));
      else subscription.add(buffers$.subscribe({ next: onBuffer, error }));
    } else if (spec.mode === 'readable') stream.readable().on('data', onBatch).on('error', error);
    else if (spec.mode.startsWith('take')) takeAll().catch(reject);
    else if (spec.mode === 'runBatch') stream.runBatch(handleBatch).catch(reject);
    else if (spec.mode === 'run') stream.run(handle).catch(reject);
    else if (spec.mode === 'run-1ms') stream.run(handleSlowly).catch(reject);
    else if (spec.mode === 'run-1ms-key-64') stream.run(handleSlowly, { order: 'key', concurrency: 64 }).catch(reject);
    else if (spec.mode === 'for-await') forAwait().catch(reject);
    else reject(new Error(`no mode '${spec.mode}'`));
  });
  async function takeAll(): Promise<void> {
    for (let batch = await stream.take(); batch !== null; batch = await stream.take()) {
      if (!(commits ? await onBatchThenCommit(batch) : onBatch(batch))) break;
    }
  }
  async function forAwait(): Promise<void> {
    for await (const batch of stream) if (!(commits ? await onBatchThenCommit(batch) : onBatch(batch))) break;
  }

  const result = await Promise.race([meter.done, failed]);
  subscription.unsubscribe();
  await consumer.close();
  return result;
}
