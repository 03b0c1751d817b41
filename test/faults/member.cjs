// One member of a consumer group, in a process of its own so that it can be killed and frozen. Says what it does on
// standard output, one line each, written at once: "P <ns> <partition> <offset> <sequence>" for a message done with,
// "A", "R" and "L" with partitions for rebalances.
const { writeSync } = require('node:fs');
const { Consumer, utf8 } = require('../../dist');

const { config, topic, workMs } = JSON.parse(process.argv[2]);
const say = (...words) => writeSync(1, `${words.join(' ')}\n`);
const names = (partitions) => partitions.map(({ partition }) => partition).join(',');

const consumer = new Consumer(config, { value: utf8 }, { commits: { ms: 500 } });
consumer.rebalances$.subscribe((event) => {
  if (event.type === 'assigned') say('A', names(event.partitions));
  if (event.type === 'revoked')
    say('R', names(event.partitions), event.drained, Math.round(event.waitedMs), JSON.stringify(event.abandoned));
  if (event.type === 'lost') say('L', names(event.partitions));
});

const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
const handle = async (message) => {
  if (workMs > 0) await new Promise((resolve) => setTimeout(resolve, workMs));
  say('P', process.hrtime.bigint(), message.partition, message.offset, message.value);
};

(async () => {
  const summary = await consumer.stream(topic).run(handle, { signal: stop.signal });
  await consumer.close();
  say('E', summary.drained, summary.processed);
})().catch((error) => {
  say('X', JSON.stringify(String(error.stack ?? error)));
  process.exit(1);
});
