import { constants } from 'node:os';
import { ms, must, shape } from '../core/check';
import { given } from '../core/describe';
import { ArgumentError } from '../core/errors';

export interface SignalOptions {
  /** Default SIGTERM and SIGINT. */
  readonly signals?: readonly NodeJS.Signals[];
  /** For all clients together, in ms. Default 8,000: less than the 10 s that `docker stop` gives. */
  readonly timeoutMs?: number;
}

/** What {@link closeOnSignals} watches. `using` or `dispose()` ends it. */
export interface SignalShutdown extends Disposable {
  /** Aborted by the first signal: for `run(handler, { signal })` and the like. */
  readonly signal: AbortSignal;
  /** Signals are the process's own business again. */
  dispose(): void;
}

const signalOptions = shape<SignalOptions>('the options of closeOnSignals()', {
  signals: must(
    "an array of signals, such as ['SIGTERM']",
    (value) => Array.isArray(value) && value.every((name) => String(name).startsWith('SIG')),
  ),
  timeoutMs: ms,
});

/** Signals closer together than this are one. */
const REPEAT_MS = 500;

interface Closable {
  close(options?: { timeoutMs?: number }): Promise<void>;
}

/**
 * Ends the process in an orderly way when it is told to: closes the clients one after the other in the order given
 * (consumers first: they finish and commit what they have begun, and may still produce), then lets the signal do what
 * it does, so that the exit status is the one a supervisor expects (128 + its number). A second signal ends it at once, but not
 * within half a second: npm passes a Ctrl-C on to a program that the terminal has told already.
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
    throw new ArgumentError(`closeOnSignals() takes clients, which have a method close, not ${given(client)}`);
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
    controller.abort(new Error(`the process got ${name}`));
    void closeAll(clients, timeoutMs).then(() => {
      dispose();
      // The system spares process 1, which is what runs in a container, its own signal.
      if (process.pid === 1) process.exit(128 + constants.signals[name]);
      process.kill(process.pid, name);
    });
  };
  for (const name of signals) process.on(name, onSignal);
  return { signal: controller.signal, dispose, [Symbol.dispose]: dispose };
}

/** What cannot be closed must not keep the others from it. */
async function closeAll(clients: readonly Closable[], timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (const client of clients) {
    const left = Math.max(0, deadline - performance.now());
    await client.close({ timeoutMs: left }).catch((error: unknown) => process.emitWarning(error as Error));
  }
}
