/**
 * Wrong implementations of the stream core, made by patching it: the simulator has to notice each. A mutant reaches into
 * private state on purpose; it is the only place that may.
 */
import { Committer } from '../../lib/consume/committer';
import { Drains } from '../../lib/consume/drain';
import type { Lane } from '../../lib/consume/lane/lane';
import { Rebalances } from '../../lib/consume/rebalance';

type Methods = Record<string, (...args: never[]) => unknown>;

/** The last sequence number that a lane received, plus one. */
export const receivedOf = (lane: Lane): number => (lane as unknown as { backlog: { end: number } }).backlog.end;

/** Replaces methods of a class. @returns a function that puts them back */
function patch(target: object, methods: (original: Methods) => Methods): () => void {
  const prototype = target as Methods;
  const original = Object.fromEntries(
    Object.getOwnPropertyNames(prototype).map((name) => [name, prototype[name]]),
  ) as Methods;
  const changed = methods(original);
  Object.assign(prototype, changed);
  return () => {
    for (const name of Object.keys(changed)) prototype[name] = original[name] as Methods[string];
  };
}

interface Sent {
  readonly of: Lane | null;
}

/** Each applies the mutation and returns what takes it back. */
export const mutants = {
  /** Lanes end before the messages in progress are waited for. */
  endBeforeDrain: () =>
    patch(Rebalances.prototype, ({ stopReading }) => ({
      stopReading(this: { host: { endLane(lane: Lane, why: string): void } }, lanes: readonly Lane[]) {
        stopReading?.call(this, lanes as never);
        for (const lane of lanes) this.host.endLane(lane, 'revoked');
      },
    })),

  /** Waits for the messages delivered when the revocation began, not for those in progress. */
  snapshotDrain: () => {
    const snapshots = new WeakMap<Lane, number>();
    const undo = [
      patch(Rebalances.prototype, ({ stopReading }) => ({
        stopReading(this: unknown, lanes: readonly Lane[]) {
          for (const lane of lanes) snapshots.set(lane, lane.next);
          stopReading?.call(this, lanes as never);
        },
      })),
      patch(Drains.prototype, () => ({
        isDrained: (lanes: readonly Lane[]) =>
          lanes.every((lane) => {
            if (!snapshots.has(lane)) snapshots.set(lane, lane.next);
            return lane.ended !== null || lane.progress.base >= (snapshots.get(lane) as number);
          }),
      })),
    ];
    return () => {
      for (const one of undo) one();
    };
  },

  /** Waits for the whole buffer, also for messages that were never delivered. */
  waitForBuffer: () => {
    const undo = [
      patch(Rebalances.prototype, ({ stopReading }) => ({
        stopReading(this: unknown, lanes: readonly Lane[]) {
          const drops = lanes.map((lane) => Object.assign(lane, { dropUndelivered: () => {} }));
          stopReading?.call(this, drops as never);
        },
      })),
      patch(Drains.prototype, () => ({
        isDrained: (lanes: readonly Lane[]) => lanes.every((lane) => lane.ended !== null || lane.allSettled),
      })),
    ];
    return () => {
      for (const one of undo) one();
    };
  },

  /** Answers the latest rebalance, whichever was asked first. */
  skipRebalanceId: () => {
    let latest = 0;
    return patch(Rebalances.prototype, ({ assigned, revoking, revoked }) => ({
      assigned(this: unknown, event: { id: number }) {
        latest = event.id;
        return assigned?.call(this, event as never);
      },
      revoking(this: unknown, event: { id: number }) {
        latest = event.id;
        return revoking?.call(this, event as never);
      },
      revoked(this: unknown, event: { id: number }) {
        latest = event.id;
        return revoked?.call(this, event as never);
      },
      isCurrent: () => true,
      release(this: { host: { source: { release(id: number): void } } }) {
        this.host.source.release(latest);
      },
    }));
  },

  /** Commits name no lane: the native side cannot judge whether it is over. */
  commitForNoLane: () =>
    patch(Committer.prototype, ({ start }) => ({
      start(this: object, request: readonly (Sent & { lane?: number })[], explicit: unknown) {
        const bare = request.map(({ lane: _, ...rest }) => rest);
        return start?.call(this, bare as never, explicit as never);
      },
    })),

  /** Repeats the offsets of a failed commit instead of reading them from the lanes again. */
  restoreOffsets: () => {
    const restored = new WeakMap<object, Sent[]>();
    return patch(Committer.prototype, ({ collect, done }) => ({
      collect(this: object) {
        const again = restored.get(this) ?? [];
        restored.delete(this);
        const fresh = collect?.call(this) as Sent[];
        return [...again, ...fresh.filter(({ of }) => !again.some((sent) => sent.of === of))];
      },
      done(this: object, ...args: unknown[]) {
        const [, , error, , mine, request] = args;
        if (error !== null && mine === false) restored.set(this, [...(request as Sent[])]);
        return done?.call(this, ...(args as never[]));
      },
    }));
  },
} as const;
