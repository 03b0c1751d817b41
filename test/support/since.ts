/** What holds only from some version of librdkafka on: with an older one it is left out, and the reason is printed. */
import { Client } from 'rdkafka-rx';
import { capabilities, isAtLeast } from '../../lib/native/capabilities';

export function holdsSince(version: string, reason: string): boolean {
  const holds = isAtLeast(Client.librdkafkaVersion, version);
  if (!holds)
    process.stderr.write(`left out with librdkafka ${Client.librdkafkaVersion}: before ${version} ${reason}\n`);
  return holds;
}

/** `it`, or `it.skip`. */
export const since = (version: string, reason: string): typeof it => (holdsSince(version, reason) ? it : it.skip);

export const sinceConsumerProtocol = (): typeof it =>
  since(capabilities['group.protocol=consumer'], "there is no group.protocol 'consumer'");

/** Its changelog: fixed in 2.10.0, which is refused for something else. */
export const CALM_COMMITS = [
  '2.10.1',
  'a commit while a cooperative group rebalances can make a member lose its partitions',
] as const;

export const OWN_ANSWERS = ['2.10.1', 'the answer about an earlier subscription can end a later read'] as const;
