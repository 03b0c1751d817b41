/**
 * How long code that processes messages may wait for the end that waits for it, in ms. It may also have called without
 * waiting, and acknowledge next: then the end comes first.
 */
const SELF_WAIT_MS = 250;

/**
 * The result of a stop that was called by the code it waits for, such as a handler that awaits `consumer.close()`. The stop
 * goes on; the caller does not wait for itself. An error of the rest is a warning: the caller has gone on.
 */
export function withoutSelf<T>(stopped: Promise<T>, soFar: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    let left = false;
    const timer = setTimeout(() => {
      left = true;
      resolve(soFar());
    }, SELF_WAIT_MS);
    stopped.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        if (left) process.emitWarning(error instanceof Error ? error : String(error));
        else reject(error);
      },
    );
  });
}
