import { constants } from 'node:os';
import { boolean, callback, milliseconds, mustBe, objectWith } from '../core/check';
import { systemClock, within } from '../core/clock';
import { given } from '../core/describe';
import { ArgumentError } from '../core/errors';

export interface SignalOptions {
  /** Default SIGTERM and SIGINT. */
  readonly signals?: readonly NodeJS.Signals[];
  /** Time limit for the hooks and for closing all clients, in ms. Default 8,000: less than the 10 s of `docker stop`. */
  readonly timeoutMs?: number;
  /** Called on the first signal, before the clients are closed: stop accepting requests. May be asynchronous. */
  readonly before?: (signal: NodeJS.Signals) => unknown;
  /** Called when the clients are closed: wait for open responses. May be asynchronous. */
  readonly after?: (signal: NodeJS.Signals) => unknown;
  /**
   * Whether the process then ends by the signal. Default: yes, unless the application has a listener of its own for it.
   * `false` leaves the ending to the application: await {@link SignalShutdown.closed}. `true` ends it in any case.
   */
  readonly exit?: boolean;
}

/** Handle of {@link closeOnSignals}. `using` or `dispose()` removes the signal handlers. */
export interface SignalShutdown extends Disposable {
  /** Aborted by the first signal, for `run(handler, { signal })` and the like. */
  readonly signal: AbortSignal;
  /** Resolves with the signal when the clients are closed and the hooks are done. Pending until a signal comes. */
  readonly closed: Promise<NodeJS.Signals>;
  /** Removes the signal handlers. */
  dispose(): void;
}

const signalOptions = objectWith<SignalOptions>('the options of closeOnSignals()', {
  signals: mustBe(
    "an array of signals, such as ['SIGTERM']",
    (value) => Array.isArray(value) && value.every((name) => String(name).startsWith('SIG')),
  ),
  timeoutMs: milliseconds,
  before: callback,
  after: callback,
  exit: boolean,
});

/** A second signal within this time counts as a repeat of the first. */
const REPEAT_MS = 500;

interface Closable {
  close(options?: { timeoutMs?: number }): Promise<void>;
}

/**
 * Shuts down in order on SIGTERM or SIGINT: closes the clients one by one, in the given order (put consumers first: they finish and
 * commit messages in progress, and may still produce). Then the process ends by the same signal, so that the exit status is the one that a
 * supervisor expects (128 + signal number). A second signal ends the process at once, unless it follows within half a
 * second: npm forwards a Ctrl-C that the terminal has already sent to the program.
 *
 * @example
 * ```ts
 * const { signal } = closeOnSignals([consumer, producer], { before: () => server.close() });
 * await consumer.stream('orders').run(handle, { signal });
 * ```
 * @throws ArgumentError
 */
export function closeOnSignals(clients: readonly Closable[], options: SignalOptions = {}): SignalShutdown {
  if (!Array.isArray(clients)) {
    throw new ArgumentError(`closeOnSignals() takes an array of clients, such as [consumer], not ${given(clients)}`);
  }
  for (const client of clients) {
    if (typeof client?.close === 'function') continue;
    throw new ArgumentError(`closeOnSignals() takes clients, which have a close() method, not ${given(client)}`);
  }
  signalOptions(options, '');
  const { signals = ['SIGTERM', 'SIGINT'] } = options;
  const controller = new AbortController();
  let began = 0;
  let resolveClosed: (name: NodeJS.Signals) => void;
  const closed = new Promise<NodeJS.Signals>((resolve) => {
    resolveClosed = resolve;
  });
  const dispose = () => {
    for (const name of signals) process.off(name, onSignal);
  };
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      if (performance.now() - began > REPEAT_MS) process.exit(128 + constants.signals[name]);
      return;
    }
    began = performance.now();
    controller.abort(new Error(`the process got ${name}`));
    void shutDown(clients, name, options).then(() => {
      dispose();
      resolveClosed(name);
      if (options.exit ?? process.listenerCount(name) === 0) end(name);
    });
  };
  for (const name of signals) process.on(name, onSignal);
  return { signal: controller.signal, closed, dispose, [Symbol.dispose]: dispose };
}

/** Ends the process with the status of the signal. */
function end(name: NodeJS.Signals): void {
  // The kernel does not deliver the default action of a signal to process 1, the main process of a container.
  if (process.pid === 1) process.exit(128 + constants.signals[name]);
  // Other listeners ran when the signal came; they must not run a second time.
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}

/** A hook or a client that fails, or takes too long, does not keep the others from closing. */
async function shutDown(clients: readonly Closable[], name: NodeJS.Signals, options: SignalOptions): Promise<void> {
  const { timeoutMs = 8000, before, after } = options;
  const deadline = performance.now() + timeoutMs;
  const left = () => Math.max(0, deadline - performance.now());
  const warn = (error: unknown) => process.emitWarning(error instanceof Error ? error : String(error));
  const call = async (hook: SignalOptions['before']) => {
    try {
      await hook?.(name);
    } catch (error) {
      warn(error);
    }
  };
  if (before !== undefined) await within(systemClock, left(), call(before));
  for (const client of clients) await client.close({ timeoutMs: left() }).catch(warn);
  if (after !== undefined) await within(systemClock, left(), call(after));
}
