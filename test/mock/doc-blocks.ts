/**
 * The code blocks of the README and the guides, and a way to run them as a reader would.
 *
 * A block that begins with ```` ```ts ```` runs against an embedded cluster, and prints what the comment before it says:
 *
 *     <!-- prints
 *     a @0: 10
 *     ^C
 *     1 processed
 *     -->
 *
 * `^C` is where the program is told to end: as a terminal would tell it, or, when it does not listen, by closing its
 * clients. The cluster has a topic `orders` with one partition and two messages in it, and stands at localhost:9092.
 * ```` ```ts broker ```` is compiled only: it needs a Kafka that asks for certificates or passwords, or several brokers.
 */
import { EventEmitter } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as rdkafka from 'rdkafka-rx';
import * as testing from 'rdkafka-rx/testing';
import * as rxjs from 'rxjs';
import * as ts from 'typescript';

export const root = join(__dirname, '..', '..');

/** Markdown that users read, by its path. */
export const pages: ReadonlyMap<string, string> = new Map(
  ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)]
    .filter((path) => path.endsWith('.md'))
    .map((path) => [path, readFileSync(join(root, path), 'utf8')]),
);

export interface Block {
  /** Such as `docs/tuning.md:17`. */
  readonly at: string;
  readonly language: string;
  /** What stands behind the language. */
  readonly mark: string;
  readonly code: string;
  /** What it is to print; null where nothing is said. */
  readonly prints: readonly string[] | null;
}

const BLOCK = /^(?:<!-- prints\n(?<prints>.*?)^-->\n+)?```(?<language>\w*) ?(?<mark>[^\n]*)\n(?<code>.*?)^```$/gms;

export const blocks: readonly Block[] = [...pages].flatMap(([path, text]) =>
  [...text.matchAll(BLOCK)].map((match) => {
    const { prints, language = '', mark = '', code = '' } = match.groups ?? {};
    const line = text.slice(0, match.index + match[0].indexOf('```')).split('\n').length;
    return { at: `${path}:${line}`, language, mark, code, prints: prints?.trimEnd().split('\n') ?? null };
  }),
);

/** What the compiler says to some ES modules, compiled together: strictly, and as users of the package. */
export function compile(programs: readonly Block[]): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const files = new Map(programs.map((block) => [join(root, `${block.at.replace(/\W/g, '-')}.mts`), block]));
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.readFile = (file) => files.get(file)?.code ?? readFile(file);
  host.fileExists = (file) => files.has(file) || fileExists(file);
  const program = ts.createProgram([...files.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).flatMap(({ file, start = 0, messageText }) => {
    const block = file && files.get(file.fileName);
    if (!block) return [];
    const { line } = file.getLineAndCharacterOfPosition(start);
    return `${block.at} +${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

const AsyncFunction = (async () => {}).constructor as new (...args: string[]) => (...args: unknown[]) => Promise<void>;

let programs = 0;

/** Runs a program. @returns what it printed, with `^C` where it was told to end */
export async function run({ code, prints }: Block): Promise<string[]> {
  await using cluster = await testing.MockCluster.start({ topics: { orders: 1 } });
  const servers = { 'bootstrap.servers': cluster.bootstrapServers };
  const producer = new rdkafka.Producer({ ...servers, 'linger.ms': 25 });
  // Together: so they are also fetched. Of a topic that is not known yet the first one can go alone.
  await producer.metadata('orders');
  await producer.sendBatch({
    topic: 'orders',
    records: [
      { key: 'a', value: '{"total":10}' },
      { key: 'b', value: '{"total":20}' },
    ],
  });
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
  // A signal of its own: all programs share this process.
  const signal = `SIGTERM of program ${programs++}` as NodeJS.Signals;
  const modules: Record<string, unknown> = {
    'rdkafka-rx': {
      ...rdkafka,
      Admin: redirected(rdkafka.Admin),
      Consumer: redirected(rdkafka.Consumer),
      Producer: redirected(rdkafka.Producer),
      closeOnSignals: (watched: never, options: object) =>
        rdkafka.closeOnSignals(watched, { ...options, signals: [signal] }),
    },
    'rdkafka-rx/testing': testing,
    rxjs,
  };
  const itself = new EventEmitter();
  const output: string[] = [];
  let interrupted = () => {};
  // A program whose clients are open stays up, also behind its last line.
  const end = prints?.includes('^C') ? new Promise<void>((resolve) => (interrupted = resolve)) : null;
  const interrupt = () => {
    if (prints?.[output.length] !== '^C') return;
    output.push('^C');
    interrupted();
    if (process.emit(signal, signal) || itself.emit('SIGTERM')) return;
    for (const client of clients) void client.close();
  };
  const log = (...parts: unknown[]) => {
    output.push(...parts.join(' ').split('\n'));
    // Not at once: what the program does after it printed belongs to the same step.
    setImmediate(interrupt);
  };
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  });
  const program = new AsyncFunction('require', 'exports', 'console', 'process', outputText);
  const console = { log, error: log, warn: log };
  try {
    await program((name: string) => modules[name] ?? require(name), {}, console, itself);
    await end;
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
  return output;
}
