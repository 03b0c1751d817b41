import { Readable } from 'node:stream';
import type { Feed } from './feed';
import { iterateBatches } from './iterate';

/**
 * A Node stream of batches, one ahead of its reader. Destroying it stops at once and acknowledges nothing: what it had
 * and was not acknowledged is delivered again.
 */
export function readableOf(feed: Feed): Readable {
  const batches = iterateBatches(feed);
  return new Readable({
    objectMode: true,
    highWaterMark: 1,
    read() {
      batches.next().then(
        ({ done, value }) => this.push(done === true ? null : value),
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, callback) {
      batches.return?.();
      callback(error);
    },
  });
}
