/** Checks of TLS and SASL settings before a client is created: librdkafka reports mistakes late, or without the key. */
import { accessSync, constants, statSync } from 'node:fs';
import { ConfigError } from '../core/errors';
import type { ClientConfig } from './config';
import { isSensitive } from './secrets';

const FILES = [
  'ssl.ca.location',
  'ssl.certificate.location',
  'ssl.key.location',
  'ssl.keystore.location',
  'ssl.crl.location',
] as const;

/** `features`: those that the linked librdkafka was built with. @throws ConfigError */
export function checkSecurity(config: ClientConfig, features: string): void {
  const protocol = config.get('security.protocol') ?? '';
  if (protocol.endsWith('ssl')) for (const key of FILES) checkFile(key, config.get(key) ?? '');
  if (protocol.startsWith('sasl')) checkMechanism(config, features.split(','));
}

function checkFile(key: (typeof FILES)[number], path: string): void {
  // For CA certificates librdkafka also accepts a directory, or `probe` for the system's usual places.
  const authorities = key === 'ssl.ca.location';
  if (path === '' || (authorities && path === 'probe')) return;
  try {
    accessSync(path, constants.R_OK);
    if (!authorities && statSync(path).isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const file = isSensitive(key) ? 'the file' : path;
    throw new ConfigError(`'${key}': ${file} cannot be read: ${code}`, { key, cause });
  }
}

function checkMechanism(config: ClientConfig, features: readonly string[]): void {
  const given = config.entries().some(([key]) => key === 'sasl.mechanisms' || key === 'sasl.mechanism');
  if (given || features.includes('sasl_gssapi')) return;
  throw new ConfigError(
    "set 'sasl.mechanisms' (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER); GSSAPI, librdkafka's default, is not in " +
      'this build',
    { key: 'sasl.mechanisms' },
  );
}
