import type { AnyBatch } from '../../message/batch';
import { Block } from '../lane/block';
import { Runner, type Work } from './runner';

/** Calls a handler for batches, one at a time per partition. */
export class BatchRunner extends Runner<AnyBatch> {
  readonly name = 'runBatch()';

  protected dispatch(): void {
    while (this.demand) {
      const found = this.feed.next();
      if (found === null) return;
      if (this.begin(this.workOf(found.lane), null, found.batch)) found.lane.block(Block.busy);
      this.feed.host.flush();
    }
  }

  protected next(work: Work): void {
    this.free(work);
  }
}
