import { constants } from 'node:os';
import { milliseconds, mustBe, objectWith } from '../core/check';
import { given } from '../core/describe';
import { ArgumentError } from '../core/errors';

export interface SignalOptions {
  /** Default SIGTERM and SIGINT. */
  readonly signals?: readonly NodeJS.Signals[];
  /** Time limit for closing all clients, in ms. Default 8,000: less than the 10 s of `docker stop`. */
  readonly timeoutMs?: number;
}

/** Handle of {@link closeOnSignals}. `using` or `dispose()` removes the signal handlers. */
export interface SignalShutdown extends Disposable {
  /** Aborted by the first signal, for `run(handler, { signal })` and the like. */
  readonly signal: AbortSignal;
  /** Removes the signal handlers. */
  dispose(): void;
}

const signalOptions = objectWith<SignalOptions>('the options of closeOnSignals()', {
  signals: mustBe(
    "an array of signals, such as ['SIGTERM']",
    (value) => Array.isArray(value) && value.every((name) => String(name).startsWith('SIG')),
  ),
  timeoutMs: milliseconds,
});

/** A second signal within this time counts as a repeat of the first. */
const REPEAT_MS = 500;

interface Closable {
  close(options?: { timeoutMs?: number }): Promise<void>;
}

/**
 * Shuts down in order on SIGTERM or SIGINT: closes the clients one by one, in the given order (put consumers first: they finish and
 * commit messages in progress, and may still produce). Then it raises the signal again, so that the exit status is the one that a
 * supervisor expects (128 + signal number). A second signal ends the process at once, unless it follows within half a
 * second: npm forwards a Ctrl-C that the terminal has already sent to the program.
 *
 * @example
 * ```ts
 * const { signal } = closeOnSignals([consumer, producer]);
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
  const { signals = ['SIGTERM', 'SIGINT'], timeoutMs = 8000 } = options;
  const controller = new AbortController();
  let began = 0;
  const dispose = () => {
    for (const name of signals) process.off(name, onSignal);
  };
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      if (performance.now() - began > REPEAT_MS) process.exit(128 + constants.signals[name]);
      return;
    }
    began = performance.now();
    controller.abort(new Error(`the process received ${name}`));
    void closeAll(clients, timeoutMs).then(() => {
      dispose();
      // The kernel ignores signals without a handler for process 1, which is the program in a container.
      if (process.pid === 1) process.exit(128 + constants.signals[name]);
      process.kill(process.pid, name);
    });
  };
  for (const name of signals) process.on(name, onSignal);
  return { signal: controller.signal, dispose, [Symbol.dispose]: dispose };
}

/** A client that fails to close does not stop the others from closing. */
async function closeAll(clients: readonly Closable[], timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (const client of clients) {
    const left = Math.max(0, deadline - performance.now());
    await client.close({ timeoutMs: left }).catch((error: unknown) => process.emitWarning(error as Error));
  }
}
