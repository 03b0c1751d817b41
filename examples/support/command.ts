/** What the commands have in common: options, `--help`, signals and exit codes. */
import { parseArgs } from 'node:util';
import { KafkaError } from 'rdkafka-rx';

/** A mistake in how the command was called: one sentence, exit code 2. */
export class UsageError extends Error {}

/** Something the user can do something about: one sentence, exit code 1. */
export class Failure extends Error {}

export interface Option<T> {
  /** How the value is shown in the help, such as `N`. */
  readonly value: string;
  readonly help: string;
  /** Gets the text behind the option, undefined when it is not given. @throws UsageError */
  parse(text: string | undefined, name: string): T;
}

type Options = Readonly<Record<string, Option<unknown>>>;
export type Values<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

export function text(value: string, help: string, otherwise: string): Option<string> {
  return {
    value,
    help: `${help} (default ${otherwise})`,
    parse(given, name) {
      if (given?.trim() === '') throw new UsageError(`${name} must not be empty.`);
      return given ?? otherwise;
    },
  };
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** A whole number. `otherwise` undefined: the command finds one; `help` has to say how. */
export function integer<T extends number | undefined>(
  help: string,
  { min, max }: Range,
  otherwise: T,
): Option<number | T> {
  return {
    value: 'N',
    help: otherwise === undefined ? help : `${help} (default ${withCommas(otherwise)})`,
    parse(given, name) {
      if (given === undefined) return otherwise;
      const number = /^\d/.test(given) ? Number(given.replaceAll('_', '')) : Number.NaN;
      if (Number.isInteger(number) && number >= min && number <= max) return number;
      throw new UsageError(
        `${name} must be a whole number from ${withCommas(min)} to ${withCommas(max)}, not '${given}'.`,
      );
    },
  };
}

const ADDRESS = /^(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i;

/** `--brokers`. Null: a cluster inside this process. */
export const brokers: Option<string | null> = {
  value: 'HOST:PORT[,...]',
  help: 'a Kafka to use (default: a cluster inside this process)',
  parse(given, name) {
    if (given === undefined) return null;
    const wrong = given.split(',').find((address) => !ADDRESS.test(address.trim()));
    if (wrong === undefined) return given;
    throw new UsageError(`${name} must be HOST:PORT, with commas between several, not '${given}'.`);
  },
};

export function withCommas(number: number, digits = 0): string {
  return number.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export interface Command<O extends Options> {
  /** As it is typed. */
  readonly name: string;
  readonly summary: string;
  readonly options: O;
}

/** How the user asked to stop. */
export interface Stopping {
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}

/** A second Ctrl-C sooner than this is the first one once more: npm passes on what the terminal has sent already. */
const SAME_SIGNAL_MS = 500;

/**
 * Runs a command and sets the exit code: 0, 1 for a failure, 2 for wrong options, 130 after Ctrl-C, 143 after SIGTERM.
 * The process ends by itself when everything is closed; a second Ctrl-C ends it at once.
 */
export async function main<O extends Options>(
  command: Command<O>,
  run: (values: Values<O>, stopping: Stopping) => Promise<void>,
): Promise<void> {
  let values: Values<O> | null;
  try {
    values = parse(command, process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message} ${command.name} --help shows all options.`);
    process.exitCode = 2;
    return;
  }
  if (values === null) {
    process.stdout.write(help(command));
    return;
  }
  // Whoever reads the output has gone (`| head`): that is no error, and nobody is left to tell.
  process.stdout.on('error', () => process.exit(0));

  const stop = new AbortController();
  let stoppedAt = 0;
  const onSignal = (name: NodeJS.Signals) => {
    const code = name === 'SIGINT' ? 130 : 143;
    if (stop.signal.aborted) {
      if (performance.now() - stoppedAt > SAME_SIGNAL_MS) process.exit(code);
      return;
    }
    stoppedAt = performance.now();
    process.exitCode = code;
    stop.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    await run(values, { signal: stop.signal });
  } catch (error) {
    if (!(error instanceof KafkaError || error instanceof Failure || error instanceof UsageError)) throw error;
    console.error(error.message.endsWith('.') ? error.message : `${error.message}.`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

function parse<O extends Options>({ options }: Command<O>, args: string[]): Values<O> | null {
  const names = Object.keys(options);
  const spec = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  const { tokens } = parseArgs({
    args,
    options: { ...spec, help: { type: 'boolean', short: 'h' } },
    strict: false,
    tokens: true,
  });
  const given = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === 'positional') throw new UsageError(`'${token.value}' is not an option: options begin with --.`);
    if (token.kind !== 'option') continue;
    if (token.name === 'help') return null;
    if (!names.includes(token.name)) {
      const near = names.find((name) => resembles(name, token.name));
      throw new UsageError(`There is no option ${token.rawName}${near ? `; did you mean --${near}?` : '.'}`);
    }
    if (token.value === undefined || (!token.inlineValue && token.value.startsWith('--'))) {
      throw new UsageError(`${token.rawName} needs a value: ${token.rawName} ${options[token.name]?.value}.`);
    }
    given.set(token.name, token.value);
  }
  return Object.fromEntries(
    names.map((name) => [name, options[name]?.parse(given.get(name), `--${name}`)]),
  ) as Values<O>;
}

/** Begins alike, or has the same letters but one. */
function resembles(name: string, typed: string): boolean {
  if (typed.length > 2 && (name.startsWith(typed) || typed.startsWith(name))) return true;
  const missing = [...name].filter((letter) => !typed.includes(letter)).length;
  return missing <= 1 && Math.abs(name.length - typed.length) <= 2;
}

function help({ name, summary, options }: Command<Options>): string {
  const rows = Object.entries(options).map(([option, { value, help }]) => [`--${option} ${value}`, help] as const);
  const all = [...rows, ['-h, --help', 'show this'] as const];
  const width = Math.max(...all.map(([left]) => left.length));
  const lines = all.map(([left, right]) => `  ${left.padEnd(width)}   ${right}`);
  return `${summary}\n\nUsage: ${name} [options]\n\n${lines.join('\n')}\n\nCtrl-C ends it in an orderly way.\n`;
}
