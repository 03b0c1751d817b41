import type { ConsumerEvent } from '../consume/events';
import { ArgumentError } from '../core/errors';
import { type ClientView, requireClient } from './client-view';

/** A logger whose methods take an object and a text, in this order: pino, bunyan, NestJS's pino logger. */
export interface Logger {
  /** Falls back to `error`. */
  fatal?(record: object, message: string): void;
  error(record: object, message: string): void;
  warn(record: object, message: string): void;
  info(record: object, message: string): void;
  debug(record: object, message: string): void;
}

/** Handle of {@link logTo}. Ends with `using`, `dispose()`, or the client. */
export interface Logging extends Disposable {
  dispose(): void;
}

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug';

/** librdkafka uses syslog levels, from 0 (emergency) to 7 (debug). */
const LEVELS: readonly Level[] = ['fatal', 'fatal', 'fatal', 'error', 'warn', 'info', 'info', 'debug'];

/**
 * Writes librdkafka's log lines and the client's errors to a logger, such as pino, or to the console. Every record has the
 * client's name (`client`); secrets are redacted. Ends with the client.
 *
 * @example
 * ```ts
 * logTo(consumer, pino());
 * ```
 * @throws ArgumentError
 */
export function logTo(client: ClientView, logger: Logger | Console = console): Logging {
  requireClient(client, 'logTo()');
  for (const level of ['error', 'warn', 'info', 'debug'] as const) {
    if (typeof logger?.[level] !== 'function') {
      throw new ArgumentError(`a logger needs the methods error, warn, info and debug; ${level} is missing`);
    }
  }
  const write = logger instanceof console.Console ? toConsole(logger) : toLogger(logger as Logger);
  const dispose = client.events.on((event) => report(event, client.name, write));
  return { dispose, [Symbol.dispose]: dispose };
}

type Write = (level: Level, record: { client: string; facility?: string; err?: Error }, message: string) => void;

function report(event: ConsumerEvent, client: string, write: Write): void {
  if (event.type === 'log') {
    const { level, facility, message } = event;
    write(LEVELS[level] ?? 'debug', { client, facility }, message);
  } else if (event.type === 'error') {
    write(event.error.fatal ? 'fatal' : 'error', { client, err: event.error }, event.error.message);
  } else if (event.type === 'stream-error') {
    write('error', { client, err: event.error }, event.error.message);
  }
}

function toLogger(logger: Logger): Write {
  return (level, record, message) =>
    logger[level === 'fatal' && logger.fatal === undefined ? 'error' : level]?.(record, message);
}

/** One line of text. */
function toConsole(to: Console): Write {
  return (level, { client, facility, err }, message) =>
    to[level === 'fatal' ? 'error' : level](`${client}: ${facility ?? err?.name}: ${message}`);
}
