// Arguments of any kind into every native function: exceptions and rejections, nothing else.
const { addon, assert, defaults, pack, producer, scale, withCluster } = require('./support');

const thrower = {
  get topic() {
    throw new Error('thrown by a getter');
  },
  get name() {
    throw new Error('thrown by a getter');
  },
};
const detached = new Uint8Array(64);
structuredClone(detached.buffer, { transfer: [detached.buffer] });
const values = [
  undefined,
  null,
  true,
  0,
  -1,
  1,
  2 ** 31,
  -(2 ** 31),
  2 ** 53,
  Number.NaN,
  Infinity,
  1e300,
  '',
  't',
  'x'.repeat(1000),
  '\0',
  '\ud800',
  Symbol('s'),
  5n,
  2n ** 70n,
  {},
  [],
  [[]],
  [null],
  [thrower],
  [{ topic: 't', partition: 0, offset: 1 }],
  [{ topic: 5, partition: 'x', offset: {} }],
  [{ topic: 't', partition: -1, offset: -9 }],
  [['a', 'b']],
  [['a']],
  thrower,
  () => {},
  new Proxy(
    {},
    {
      get: () => {
        throw new Error('thrown by a proxy');
      },
    },
  ),
  new Proxy([], {}),
  new Uint8Array(0),
  new Uint8Array(64),
  new Uint8Array(64).fill(255),
  new Float64Array(9),
  new Uint8Array(new SharedArrayBuffer(64)),
  detached,
  new ArrayBuffer(8),
  new Date(),
  /x/,
  new Map(),
];
let seed = 12345;
const random = (n) => {
  seed = (seed * 1103515245 + 12345) & 0x7fffffff;
  return seed % n;
};
const any = () => values[random(values.length)];
const calls = 400 * scale;

/** Calls every method of the object with anything; what it promises may reject. */
async function torment(client, except) {
  const promises = [];
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(client)).filter(
    (name) => name !== 'constructor' && !except.includes(name),
  );
  for (let i = 0; i < calls; i++) {
    const name = names[random(names.length)];
    try {
      const result = client[name](any(), i % 7 === 0 ? any() : 50, any(), any());
      if (result instanceof Promise) promises.push(result.catch(() => {}));
    } catch (error) {
      assert(error instanceof Error || typeof error.code === 'number', String(error));
    }
    if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return promises;
}

/** Records with headers that lie: each that can be read at all is reported, and what is right goes through. */
async function records(servers) {
  const words = [0, -1, 5, 2 ** 31 - 1, -(2 ** 31), 999];
  const times = [0, 1, -1, Number.NaN, Infinity, -Infinity, 2 ** 63, -(2 ** 63), 1e300];
  const from = producer(servers);
  from.client.topic('');
  from.client.topic('x'.repeat(300));
  let whole = 0;
  for (let i = 0; i < calls; i++) {
    const record = pack(1, { slot: i, headers: i % 2, bytes: 20 });
    const view = new DataView(record.buffer);
    view.setInt32(random(2) * 4, words[random(words.length)], true);
    view.setFloat64(32, times[random(times.length)], true);
    if (i % 3 === 0) view.setInt32(16 + random(3) * 4, words[random(words.length)], true);
    else whole++;
    from.client.produce(record, i % 4 === 3 ? random(2 ** 31) : record.length);
  }
  await from.client.flush(10_000);
  assert(from.settled.size >= whole / 2, `${from.settled.size} of ${whole}`);
  from.client.produce(pack(1, { slot: calls }), 1000);
  await from.client.flush(10_000);
  assert(from.settled.has(calls));
  await from.client.close(1000);
}

withCluster(2, async (servers) => {
  for (const Class of [addon.Consumer, addon.Producer, addon.Admin, addon.MockCluster]) {
    for (let i = 0; i < 30; i++) {
      try {
        const clients = Class === addon.MockCluster ? 1 : any();
        new Class(any(), clients, any()).close(0).catch(() => {});
      } catch (error) {
        assert(error instanceof Error || typeof error.code === 'number', String(error));
      }
    }
  }
  const settings = [
    ['bootstrap.servers', servers],
    ['group.id', 'g'],
  ];
  await records(servers);
  const pending = [];
  for (const Class of [addon.Consumer, addon.Producer, addon.Admin]) {
    const client = new Class(settings.slice(0, Class === addon.Consumer ? 2 : 1), defaults, () => {});
    pending.push(...(await torment(client, ['close', 'keepAlive'])));
    await client.close(500);
  }
  await Promise.all(pending);
  for (let i = 0; i < 100 && addon.liveHandles() > 1; i++) await new Promise((resolve) => setTimeout(resolve, 20));
});
