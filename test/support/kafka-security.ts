/**
 * TLS and SASL for the Kafka of the tests: certificates made with the openssl command at every start (nothing secret
 * and nothing that can expire lies in the repository), and the broker settings that use them.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Names of the extra listeners of a secured Kafka. */
export const SECURE_LISTENERS = ['TLS', 'MTLS', 'BADHOST', 'SASL', 'SASLTLS'] as const;
export type SecureListener = (typeof SECURE_LISTENERS)[number];

/** A certificate and its key, as paths of PEM files. */
export interface KeyPair {
  certificate: string;
  key: string;
}

/** What a client needs to talk to the secured listeners, and what it must fail with. */
export interface KafkaSecurity {
  /** Bootstrap list per listener. */
  bootstrap: {
    /** TLS, no client certificate asked. */
    TLS: string;
    /** TLS, client certificate required. */
    MTLS: string;
    /** TLS with a server certificate made out to `wrong.invalid`. */
    BADHOST: string;
    /** SASL PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and OAUTHBEARER (unsecured tokens) without TLS. */
    SASL: string;
    /** The same mechanisms over TLS. */
    SASLTLS: string;
  };
  /** PEM file of the authority that signed the brokers' certificates. */
  ca: string;
  /** PEM file of an authority that signed nothing the brokers know. */
  rogueCa: string;
  /** The brokers' own, made out to this machine: for other servers of a test too. */
  server: KeyPair;
  /** Client certificate the brokers accept. */
  client: KeyPair;
  /** Client certificate of the rogue authority. */
  rogueClient: KeyPair;
  /** A user every SASL mechanism knows. */
  user: { name: string; password: string };
}

type Certificates = Pick<KafkaSecurity, 'ca' | 'rogueCa' | 'server' | 'client' | 'rogueClient'> & {
  badHost: KeyPair;
};

export const SASL_USER = { name: 'alice', password: 'alice-secret' };

/** `--add-scram` arguments of the storage formatter. */
export function scramArguments(): string[] {
  return ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name=${SASL_USER.name},password=${SASL_USER.password}]`,
  ]);
}

/** Makes two authorities and the certificates below them. Keys are EC: making them takes milliseconds. */
export async function makeCertificates(dir: string): Promise<Certificates> {
  await mkdir(dir, { recursive: true });
  const ca = await authority(dir, 'ca');
  const rogue = await authority(dir, 'rogue-ca');
  const [server, badHost, client, rogueClient] = await Promise.all([
    leaf(dir, ca, 'server', 'DNS:localhost,IP:127.0.0.1'),
    leaf(dir, ca, 'bad-host', 'DNS:wrong.invalid'),
    leaf(dir, ca, 'client', 'DNS:client'),
    leaf(dir, rogue, 'rogue-client', 'DNS:client'),
  ]);
  return { ca: ca.certificate, rogueCa: rogue.certificate, server, badHost, client, rogueClient };
}

/** Broker properties for the secured listeners. */
export async function securityProperties(certificates: Certificates): Promise<Record<string, string>> {
  const pem = async (pair: KeyPair, clientAuth: 'none' | 'required') => ({
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.certificate.chain': oneLine(await readFile(pair.certificate, 'utf8')),
    'ssl.keystore.key': oneLine(await readFile(pair.key, 'utf8')),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.certificates': oneLine(await readFile(certificates.ca, 'utf8')),
    'ssl.client.auth': clientAuth,
  });
  const login = (module: string, rest = '') =>
    `org.apache.kafka.common.security.${module} required username="${SASL_USER.name}" ` +
    `password="${SASL_USER.password}"${rest};`;
  const sasl = {
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    'plain.sasl.jaas.config': login('plain.PlainLoginModule', ` user_${SASL_USER.name}="${SASL_USER.password}"`),
    'scram-sha-256.sasl.jaas.config': login('scram.ScramLoginModule'),
    'scram-sha-512.sasl.jaas.config': login('scram.ScramLoginModule'),
    'oauthbearer.sasl.jaas.config':
      'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";',
    'oauthbearer.sasl.server.callback.handler.class':
      'org.apache.kafka.common.security.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler',
  };
  const listeners: Record<SecureListener, Record<string, string>> = {
    TLS: await pem(certificates.server, 'none'),
    MTLS: await pem(certificates.server, 'required'),
    BADHOST: await pem(certificates.badHost, 'none'),
    SASL: sasl,
    SASLTLS: { ...(await pem(certificates.server, 'none')), ...sasl },
  };
  const properties: Record<string, string> = {};
  for (const [listener, settings] of Object.entries(listeners)) {
    for (const [key, value] of Object.entries(settings)) {
      properties[`listener.name.${listener.toLowerCase()}.${key}`] = value;
    }
  }
  return properties;
}

/** Security protocol behind each listener name. */
export const LISTENER_PROTOCOLS: Record<SecureListener, string> = {
  TLS: 'SSL',
  MTLS: 'SSL',
  BADHOST: 'SSL',
  SASL: 'SASL_PLAINTEXT',
  SASLTLS: 'SASL_SSL',
};

/** A properties file keeps a value on one line; the loader turns `\n` back into line ends. */
function oneLine(pem: string): string {
  return pem.trim().replaceAll('\n', '\\n');
}

async function authority(dir: string, name: string): Promise<KeyPair> {
  const pair = { certificate: join(dir, `${name}.pem`), key: join(dir, `${name}.key`) };
  await openssl(
    'req',
    '-x509',
    ...newKey(pair.key),
    ...['-out', pair.certificate, '-days', '30', '-subj', `/CN=rdkafka-rx test ${name}`],
    ...['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  );
  return pair;
}

async function leaf(dir: string, ca: KeyPair, name: string, altNames: string): Promise<KeyPair> {
  const pair = { certificate: join(dir, `${name}.pem`), key: join(dir, `${name}.key`) };
  const csr = join(dir, `${name}.csr`);
  const extensions = join(dir, `${name}.ext`);
  await writeFile(
    extensions,
    `subjectAltName=${altNames}\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n`,
  );
  await openssl('req', ...newKey(pair.key), '-out', csr, '-subj', `/CN=${name}`);
  await openssl(
    ...['x509', '-req', '-in', csr, '-CA', ca.certificate, '-CAkey', ca.key, '-set_serial', serial()],
    ...['-days', '30', '-extfile', extensions, '-out', pair.certificate],
  );
  return pair;
}

function newKey(path: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', path];
}

function serial(): string {
  return `0x01${[...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

async function openssl(...args: string[]): Promise<void> {
  try {
    await run('openssl', args);
  } catch (error) {
    const { code, stderr } = error as { code?: string | number; stderr?: string };
    if (code === 'ENOENT')
      throw new Error('A secured Kafka needs the openssl command on the PATH to make its certificates.');
    throw new Error(`openssl ${args[0]} failed: ${stderr ?? String(error)}`);
  }
}
