/** What SIGTERM and SIGINT do to a process that uses closeOnSignals. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(__dirname, '..', '..');

/** Runs the code in a process of its own; `line()` gives its next line. */
function run(code: string) {
  const child = spawn(process.execPath, ['-e', code], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  return { child, exited, line: async () => (await lines.next()).value as string | undefined };
}

const start = `
  const { Consumer, Producer, closeOnSignals, utf8 } = require('./dist');
  const { MockCluster } = require('./dist/testing');
  (async () => {
    const cluster = await MockCluster.start({ topics: ['t'] });
    const config = { 'bootstrap.servers': cluster.bootstrapServers };
    const producer = new Producer(config);
    await producer.sendBatch({ topic: 't', records: [{ value: 'a' }, { value: 'b' }, { value: 'c' }] });
    const consumer = new Consumer({ ...config, 'group.id': 'g', 'auto.offset.reset': 'earliest' }, { value: utf8 });
    const { signal } = closeOnSignals([consumer, producer]);
`;

describe('closeOnSignals', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s lets the handler finish, commits, and ends as the signal does',
    async (name) => {
      const { child, exited, line } = run(`${start}
      consumer.commits$.subscribe(({ offsets }) => console.log('committed', offsets[0].offset));
      const summary = await consumer.stream('t', { batch: { count: 1 } }).run(async (message) => {
        console.log('begun', message.value);
        if (message.value === 'a') await new Promise((resolve) => signal.addEventListener('abort', () => setImmediate(resolve)));
        console.log('done', message.value);
      }, { signal });
      console.log('run', summary.drained);
    })();`);
      expect(await line()).toBe('begun a');
      child.kill(name);
      expect(await line()).toBe('done a');
      expect([await line(), await line()].sort()).toEqual(['committed 1', 'run true']);
      expect(await exited).toEqual([null, name]);
    },
  );

  test('process 1 of a container, which its own signal does not end, ends with the same status', async () => {
    const { child, exited, line } = run(`
      Object.defineProperty(process, 'pid', { value: 1 });
      setInterval(() => {}, 1000); // such as a server
      ${start}
      console.log('ready');
    })();`);
    expect(await line()).toBe('ready');
    child.kill('SIGTERM');
    expect(await exited).toEqual([143, null]);
  });

  test('a second signal ends the process at once', async () => {
    const { child, exited, line } = run(`${start}
      // The second signal counts when it comes later than half a second after the first.
      signal.addEventListener('abort', () => setTimeout(() => console.log('told'), 600));
      await consumer.stream('t').run(() => { console.log('begun'); return new Promise(() => {}); }, { signal });
    })();`);
    expect(await line()).toBe('begun');
    child.kill('SIGTERM');
    expect(await line()).toBe('told');
    child.kill('SIGTERM');
    expect(await exited).toEqual([143, null]);
  });

  test("the application's own listener runs once, and ends the process", async () => {
    const { child, exited, line } = run(`
      process.on('SIGTERM', () => console.log('own listener'));
      ${start}
      const server = setInterval(() => {}, 1000);
      signal.addEventListener('abort', () => console.log('aborted'));
      console.log('ready');
      consumer.events.on(() => {}, () => setTimeout(() => { console.log('ends'); clearInterval(server); void cluster.stop(); }, 200));
    })();`);
    expect(await line()).toBe('ready');
    child.kill('SIGTERM');
    expect([await line(), await line(), await line(), await line()]).toEqual([
      'own listener',
      'aborted',
      'ends',
      undefined,
    ]);
    expect(await exited).toEqual([0, null]);
  });

  const hooked = (options: string) => `
    const { closeOnSignals } = require('./dist');
    const client = { close: async () => console.log('client closed') };
    const server = setInterval(() => {}, 1000);
    process.on('warning', ({ message }) => console.log('warning', message));
    const { closed } = closeOnSignals([client], ${options});
    console.log('ready');`;

  test.each([1, 0])('hooks run before and after the clients are closed: as process 1: %i', async (first) => {
    const { child, exited, line } = run(`
      ${first ? "Object.defineProperty(process, 'pid', { value: 1 });" : ''}
      ${hooked(`{
        before: async (name) => { await null; console.log('before', name); throw new Error('a hook failed'); },
        after: () => new Promise((resolve) => setTimeout(() => resolve(console.log('answered')), 50)),
      }`)}
      closed.then((name) => console.log('closed by', name));`);
    expect(await line()).toBe('ready');
    child.kill('SIGTERM');
    const lines = [await line(), await line(), await line(), await line()];
    expect(lines).toEqual(['before SIGTERM', 'client closed', 'warning a hook failed', 'answered']);
    expect(await exited).toEqual(first ? [143, null] : [null, 'SIGTERM']);
  });

  test('a hook that never ends does not keep the process from ending', async () => {
    const { child, exited, line } = run(hooked('{ timeoutMs: 50, before: () => new Promise(() => {}) }'));
    expect(await line()).toBe('ready');
    child.kill('SIGTERM');
    expect(await line()).toBe('client closed');
    expect(await exited).toEqual([null, 'SIGTERM']);
  });

  test('exit: false leaves the ending to the application, also as process 1', async () => {
    const { child, exited, line } = run(`
      Object.defineProperty(process, 'pid', { value: 1 });
      ${hooked('{ exit: false }')}
      closed.then((name) => {
        console.log('closed by', name);
        setTimeout(() => { console.log('answered'); clearInterval(server); process.exitCode = 3; }, 100);
      });`);
    expect(await line()).toBe('ready');
    child.kill('SIGTERM');
    expect([await line(), await line(), await line()]).toEqual(['client closed', 'closed by SIGTERM', 'answered']);
    expect(await exited).toEqual([3, null]);
  });
});
