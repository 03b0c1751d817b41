/**
 * TLS, under whichever Node runs this: Node exports its own OpenSSL, of another version in each release line, and an
 * addon whose symbols bind to it by accident breaks in one of them. `npm run test:nodes` runs this under each.
 */
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { native } from '../../lib/native/addon';
import type { NativeMockCluster, Settings } from '../../lib/native/interface';

const directory = mkdtempSync(join(tmpdir(), 'rdkafka-rx-tls-'));
const file = (name: string): string => join(directory, name);
const pem = (name: string): string => readFileSync(file(name), 'utf8');
const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });

let cluster: NativeMockCluster;
let server: Server;
const open = new Set<Socket>();

/** One authority, one server certificate, and an authority that signed nothing. */
function makeCertificates(): void {
  for (const name of ['ca', 'rogue']) {
    const subject = ['-subj', `/CN=rdkafka-rx test ${name}`, '-addext', 'basicConstraints=critical,CA:TRUE'];
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      ...subject,
    );
  }
  openssl(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'server.key',
    '-out',
    'server.csr',
    '-subj',
    '/CN=localhost',
  );
  openssl(
    ...['x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-days', '2', '-out', 'server.pem'],
  );
}

beforeAll(async () => {
  makeCertificates();
  cluster = new native.MockCluster([], 1, () => {});
  const [host = '', port = ''] = cluster.bootstrapServers().split(':');
  // TLS ends here and goes on in the clear to the embedded cluster: metadata comes over the first connection already.
  server = createServer({ key: pem('server.key'), cert: pem('server.pem') }, (secure) => {
    const plain = connect(Number(port), host);
    for (const socket of [secure, plain]) {
      open.add(socket);
      socket.on('error', () => {}).on('close', () => [secure, plain].map((one) => open.delete(one.destroy())));
    }
    secure.pipe(plain).pipe(secure);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(async () => {
  for (const socket of open) socket.destroy();
  server.close();
  await cluster.close(5_000);
  rmSync(directory, { recursive: true, force: true });
  expect(native.liveHandles()).toBe(0);
});

const address = (): string => `127.0.0.1:${(server.address() as AddressInfo).port}`;

const settings = (ca: string): Settings => [
  ['bootstrap.servers', address()],
  ['security.protocol', 'ssl'],
  ['ssl.ca.pem', pem(ca)],
  ['ssl.endpoint.identification.algorithm', 'none'],
];

it('was built with TLS', () => {
  expect(native.builtinFeatures().split(',')).toContain('ssl');
});

it('completes a handshake and answers a request over it', async () => {
  const handshake = once(server, 'secureConnection') as Promise<[TLSSocket]>;
  const admin = new native.Admin(settings('ca.pem'), {}, () => {});
  try {
    const [socket] = await handshake;
    expect(socket.getProtocol()).toBe('TLSv1.3');
    const metadata = await admin.metadata(null, 10_000);
    expect(metadata.brokers).toHaveLength(1);
  } finally {
    await admin.close(5_000);
  }
});

it('refuses a server whose certificate another authority signed', async () => {
  const refused = once(server, 'tlsClientError');
  let tell: (message: string) => void;
  const told = new Promise<string>((done) => {
    tell = done;
  });
  const admin = new native.Admin(settings('rogue.pem'), {}, (items) => {
    for (const item of items) if (!(item instanceof ArrayBuffer) && item.type === 'error') tell(item.error.message);
  });
  try {
    await refused;
    expect(await told).toMatch(/certificate verify failed/);
  } finally {
    await admin.close(5_000);
  }
});

it('lets a process exit in the middle of TLS traffic', async () => {
  // OpenSSL used to free its tables at exit, under threads that were using them: with eight clients one exit in fifteen
  // with OpenSSL inside the addon, and one in 300 with Node's, which a librdkafka of the system is bound to.
  const script = `
    const addon = require(${JSON.stringify(addonPath())});
    const admins = Array.from({ length: 8 }, () => new addon.Admin(${JSON.stringify(settings('ca.pem'))}, {}, () => {}));
    admins[0].metadata(null, 10000).catch(() => {}).then(() => process.exit(7));
  `;
  for (let round = 0; round < 10; round++) {
    const ended = promisify(execFile)(process.execPath, ['-e', script]);
    await expect(ended).rejects.toMatchObject({ code: 7, signal: null });
  }
});

function addonPath(): string {
  return process.env.RDKAFKA_RX_ADDON ?? resolve(__dirname, '../../build/Release/rdkafka_rx.node');
}
