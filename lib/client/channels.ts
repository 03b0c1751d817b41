/** `diagnostics_channel` channels of every client. A channel without a subscriber costs one property read per call. */
import { type Channel, channel, type TracingChannel, tracingChannel } from 'node:diagnostics_channel';
import type { ClientIdentity } from './identity';

/** Published on `open` and `close`. */
export interface ClientMessage<C = ClientIdentity> {
  readonly client: C;
}

/** Published when a client is created. */
export const openChannel = channel('rdkafka-rx:open') as Channel<unknown, ClientMessage>;
/** Published when a client has closed. */
export const closeChannel = channel('rdkafka-rx:close') as Channel<unknown, ClientMessage>;

export const traced = <M extends object>(name: string): TracingChannel<unknown, M> => tracingChannel<unknown, M>(name);

/** True when the channel has a subscriber. Before Node 20.13 only the `start` channel has this property. */
export function hasSubscribers(channel: {
  readonly hasSubscribers?: boolean;
  readonly start: { hasSubscribers: boolean };
}): boolean {
  return channel.hasSubscribers ?? channel.start.hasSubscribers;
}
