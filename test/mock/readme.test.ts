/** The README's examples compile as a user would compile them, run, and print what they say; paths in docs are right. */
import { EventEmitter } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as rdkafka from 'rdkafka-rx';
import * as testing from 'rdkafka-rx/testing';
import * as rxjs from 'rxjs';
import * as ts from 'typescript';

// A program with all of lib/ is compiled.
jest.setTimeout(60_000);

const root = join(__dirname, '..', '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
/** Each an ES module of its own, in the order of the page. */
const blocks = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code as string);

/** What they print when the topic `orders` has one partition with two messages: `a` of 10 and `b` of 20. */
const printed = [
  ['a @0: 10', 'b @1: 20'],
  ['thank you for 10', 'thank you for 20', '2 processed, everything committed: true'],
  ['orders/0 @2', '1000 sent, 0 failed'],
  ['sum 30', 'committed up to 2'],
  ['paid'],
];

test('every example is known here', () => {
  expect(blocks).toHaveLength(printed.length);
});

test('they compile', () => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const files = new Map(blocks.map((code, i) => [join(root, `readme-${i}.mts`), code]));
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.readFile = (file) => files.get(file) ?? readFile(file);
  host.fileExists = (file) => files.has(file) || fileExists(file);
  const program = ts.createProgram([...files.keys()], options, host);
  const problems = ts.getPreEmitDiagnostics(program).filter(({ file }) => file && files.has(file.fileName));
  expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
});

test('the files that the design page names are there, and it leaves none out', () => {
  const design = readFileSync(join(root, 'docs/design.md'), 'utf8');
  const named = new Set(
    [...design.matchAll(/`((?:native|lib|test|scripts)\/[\w./-]*\w)`/g)].map(([, path]) => path as string),
  );
  expect([...named].filter((path) => !existsSync(join(root, path)))).toEqual([]);
  const sources = ['native', 'lib', 'lib/stream'].flatMap((directory) =>
    readdirSync(join(root, directory)).map((name) => `${directory}/${name}`),
  );
  // A C++ source belongs to the header of its name.
  const expected = sources.filter((path) => /\.(ts|h)$/.test(path) && !/index\.ts$|napi_setup\.h$/.test(path));
  expect(expected.filter((path) => !named.has(path))).toEqual([]);
});

test('the files it links to are there', () => {
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path as string);
  expect(links.length).toBeGreaterThan(2);
  expect(links.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test('the commands it names are there', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const named = [...readme.matchAll(/npm (?:run )?([a-z:]+)/g)].map(([, name]) => name as string);
  expect(named.filter((name) => name !== 'ci' && scripts[name] === undefined)).toEqual([]);
  const demos = [...readme.matchAll(/`([a-z-]+)\.js`/g)].map(([, name]) => name as string);
  expect(demos.filter((name) => !existsSync(join(root, 'examples', `${name}.ts`)))).toEqual([]);
});

const AsyncFunction = (async () => {}).constructor as new (...args: string[]) => (...args: unknown[]) => Promise<void>;

test.each(printed.map((lines, i) => [i, lines] as const))('example %i runs and prints %j', async (i, lines) => {
  await using cluster = await testing.MockCluster.start({ topics: { orders: 1 } });
  const servers = { 'bootstrap.servers': cluster.bootstrapServers };
  const records = [
    { topic: 'orders', key: 'a', value: '{"total":10}' },
    { topic: 'orders', key: 'b', value: '{"total":20}' },
  ];
  const producer = new rdkafka.Producer(servers);
  for (const record of records) await producer.send(record);
  await producer.close();

  const clients: rdkafka.Client<never, never>[] = [];
  // Clients of localhost:9092 become clients of the cluster, and are known here.
  const redirected = <C extends new (...args: never[]) => object>(Class: C): C =>
    new Proxy(Class, {
      construct(target, [config, ...rest]) {
        const here = config['bootstrap.servers'] === 'localhost:9092' ? { ...config, ...servers } : config;
        const client = Reflect.construct(target, [here, ...rest]);
        clients.push(client);
        return client;
      },
    });
  const modules: Record<string, unknown> = {
    'rdkafka-rx': { ...rdkafka, Consumer: redirected(rdkafka.Consumer), Producer: redirected(rdkafka.Producer) },
    'rdkafka-rx/testing': testing,
    rxjs,
  };
  const output: string[] = [];
  const process = new EventEmitter();
  const end = () => {
    // An example that would go on for ever is stopped the way it provides for, or else by closing its clients.
    if (!process.emit('SIGTERM')) for (const client of clients) void client.close();
  };
  const log = (line: unknown) => {
    output.push(String(line));
    if (output.length === (i === 1 ? 2 : lines.length)) queueMicrotask(end);
  };
  const { outputText } = ts.transpileModule(blocks[i] as string, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  });
  const run = new AsyncFunction('require', 'exports', 'console', 'process', outputText);
  try {
    await run((name: string) => modules[name], {}, { log }, process);
    expect(output).toEqual(lines);
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
});
