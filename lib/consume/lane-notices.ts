import { StateError } from '../core/errors';
import type { EventHub } from '../core/event-hub';
import type { StaleReason } from '../message/ack';
import type { ConsumerEvent } from './events';
import type { Lane } from './lane/lane';

/** Events that a lane causes once per reason: a program that acknowledges twice does so for every message. */
export class LaneNotices {
  private readonly given = new WeakMap<Lane, Set<string>>();

  constructor(private readonly events: EventHub<ConsumerEvent>) {}

  /** An acknowledgement changed nothing. */
  staleAck(lane: Lane, why: StaleReason): void {
    if (!this.events.active || !this.isFirst(lane, why)) return;
    const { topic, partition } = lane;
    this.events.emit({ type: 'stale-ack', topic, partition, why });
  }

  /** An offset beyond 2^53 - 1 cannot be committed. */
  unsafeOffset(lane: Lane): void {
    if (!this.isFirst(lane, 'unsafe')) return;
    const error = new StateError(
      `${lane.topic}/${lane.partition} has offsets beyond 2^53 - 1: they can be read, but not committed`,
    );
    this.events.emit({ type: 'error', error });
  }

  private isFirst(lane: Lane, reason: string): boolean {
    const given = this.given.get(lane) ?? new Set();
    if (given.has(reason)) return false;
    this.given.set(lane, given.add(reason));
    return true;
  }
}
