import { UnsupportedError } from '../core/errors';

/** The oldest supported librdkafka. */
export const oldestLibrdkafka = '2.6.1';

/**
 * Features, configuration keys and `key=value` settings that need a librdkafka newer than {@link oldestLibrdkafka}.
 * All version knowledge on this side of the boundary is here.
 */
export const capabilities = {
  'group.protocol=consumer': '2.12.0',
  'metadata.recovery.strategy': '2.10.1',
  // Older clients crash on such an answer for a topic that they do not know yet.
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

/** Whether `version` is `wanted` or newer. */
export const isAtLeast = (version: string, wanted: string): boolean => order(version) >= order(wanted);

/** Whether the linked librdkafka (`2.8.0`) has the feature. Every supported version has features outside of the table. */
export function isSupported(feature: string, linked: string): boolean {
  return !Object.hasOwn(capabilities, feature) || isAtLeast(linked, capabilities[feature as Capability]);
}

/** @throws UnsupportedError naming the needed version when the linked librdkafka is too old */
export function requireSupport(feature: string, linked: string): void {
  if (!isSupported(feature, linked)) throw new UnsupportedError(feature, capabilities[feature as Capability], linked);
}
