import { UnsupportedError } from '../core/errors';

/** Oldest librdkafka this library works with. */
export const oldestLibrdkafka = '2.6.1';

/**
 * What needs a librdkafka newer than {@link oldestLibrdkafka}: a feature, a configuration key, or `key=value`.
 * The one place for such knowledge on this side of the boundary.
 */
export const capabilities = {
  'group.protocol=consumer': '2.12.0',
  'metadata.recovery.strategy': '2.10.1',
  // Before, a client that has not seen the topic yet crashes on such an answer.
  'setTopicError() with another error than UNKNOWN_TOPIC_OR_PART': '2.10.1',
  'metadata.recovery.rebootstrap.trigger.ms': '2.11.0',
  'https.ca.location': '2.11.0',
  'https.ca.pem': '2.11.0',
  'sasl.oauthbearer.grant.type': '2.11.0',
  'sasl.oauthbearer.metadata.authentication.type': '2.12.0',
  'sasl.oauthbearer.metadata.authentication.type=aws_iam': '2.15.0',
  'sasl.oauthbearer.sub.claim.name': '2.14.0',
} as const;

export type Capability = keyof typeof capabilities;

const order = (version: string) => version.split('.').reduce((sum, part) => sum * 1000 + Number.parseInt(part, 10), 0);

/** Whether a version (`2.10.1`) is another one, or newer. */
export const isAtLeast = (version: string, wanted: string): boolean => order(version) >= order(wanted);

/** Whether the linked librdkafka (`2.8.0`) has the feature. What is not in the table every supported version has. */
export function isSupported(feature: string, linked: string): boolean {
  return !Object.hasOwn(capabilities, feature) || isAtLeast(linked, capabilities[feature as Capability]);
}

/** @throws UnsupportedError naming the version needed when the linked librdkafka is too old for the feature. */
export function requireSupport(feature: string, linked: string): void {
  if (!isSupported(feature, linked)) throw new UnsupportedError(feature, capabilities[feature as Capability], linked);
}
