import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { Admin, type ClientOptions, Consumer, type GlobalConfig, type KafkaError, Producer } from 'rdkafka-rx';
import { firstValueFrom, takeWhile, toArray } from 'rxjs';
import { native } from '../../lib/native/addon';
import { capabilities } from '../../lib/native/capabilities';
import { expectHandles } from '../support/handles';
import { type Kafka, startKafka } from '../support/kafka';
import { since } from '../support/since';
import { OIDC_CLIENT, startTokenEndpoint, type TokenEndpoint } from '../support/token-endpoint';
import { unsignedToken } from '../support/unsigned-token';

jest.setTimeout(120_000);

let kafka: Kafka;
const topic = 'secured';
beforeAll(async () => {
  kafka = await startKafka({ security: true });
  await kafka.createTopic(topic);
});
afterEach(() => expectHandles(0));
afterAll(() => kafka.stop());

const material = () => kafka.security as NonNullable<Kafka['security']>;

async function roundTrip(config: GlobalConfig, options = {}): Promise<void> {
  await using producer = new Producer(config, {}, options);
  const value = `${Math.random()}`;
  const { offset } = await producer.send({ topic, value });
  await using consumer = new Consumer(config, {}, options);
  await consumer.assign([{ topic, partition: 0, offset }]);
  expect((await consumer.take())?.at(0)?.value?.toString()).toBe(value);
}

/**
 * What a client that cannot connect says: one thing to check, at each attempt that fails, and at most once that no broker is left.
 */
async function firstError(config: GlobalConfig, options: ClientOptions = {}): Promise<KafkaError> {
  const admin = new Admin(config, options);
  const errors: KafkaError[] = [];
  admin.errors$.subscribe((error) => errors.push(error));
  const isCause = ({ code }: KafkaError) => code !== 'ERR_KAFKA__ALL_BROKERS_DOWN';
  let asked: unknown;
  do asked = await admin.metadata(null, { timeoutMs: 2_000 }).catch(({ code }: KafkaError) => code);
  while (!errors.some(isCause));
  await admin.close();
  expect(asked).toMatch(/^ERR_KAFKA_/);
  const told = errors.filter(isCause);
  expect(errors.length - told.length).toBeLessThanOrEqual(1);
  expect(new Set(told.map(({ message }) => message.slice(message.lastIndexOf('. Check ')))).size).toBe(1);
  return told[0] as KafkaError;
}

const tls = (listener: 'TLS' | 'MTLS' | 'BADHOST', more: object = {}): GlobalConfig => ({
  'bootstrap.servers': material().bootstrap[listener],
  'security.protocol': 'ssl',
  'ssl.ca.location': material().ca,
  ...more,
});
const sasl = (mechanism: string, more: object = {}): GlobalConfig =>
  ({
    'bootstrap.servers': material().bootstrap.SASLTLS,
    'security.protocol': 'sasl_ssl',
    'ssl.ca.location': material().ca,
    'sasl.mechanisms': mechanism,
    'sasl.username': material().user.name,
    'sasl.password': material().user.password,
    ...more,
  }) as GlobalConfig;

const oauth = (): GlobalConfig => sasl('OAUTHBEARER', { 'sasl.username': undefined, 'sasl.password': undefined });

/** As a provider in JavaScript gives it. */
const token = (lifetimeSeconds: number) => ({
  value: unsignedToken(lifetimeSeconds),
  expiresAt: Date.now() + lifetimeSeconds * 1000,
  principal: 'alice',
});

describe('TLS', () => {
  it('round trip', () => roundTrip(tls('TLS')));

  it('round trip with the authority as text', () =>
    roundTrip(tls('TLS', { 'ssl.ca.location': undefined, 'ssl.ca.pem': readFileSync(material().ca, 'utf8') })));

  it('round trip with a client certificate', () => {
    const { certificate, key } = material().client;
    return roundTrip(tls('MTLS', { 'ssl.certificate.location': certificate, 'ssl.key.location': key }));
  });

  it('round trip with a client certificate as text, its key encrypted', () => {
    const { certificate, key } = material().client;
    const encrypted = execFileSync('openssl', ['pkey', '-in', key, '-aes256', '-passout', 'pass:key-password'], {
      encoding: 'utf8',
    });
    return roundTrip(
      tls('MTLS', {
        'ssl.ca.location': undefined,
        'ssl.ca.pem': readFileSync(material().ca, 'utf8'),
        'ssl.certificate.pem': readFileSync(certificate, 'utf8'),
        'ssl.key.pem': encrypted,
        'ssl.key.password': 'key-password',
      }),
    );
  });

  it('certificates and host names are checked unless they are turned off', () =>
    roundTrip(tls('BADHOST', { 'ssl.endpoint.identification.algorithm': 'none' })));

  it.each([
    [
      'an authority that did not sign',
      () => tls('TLS', { 'ssl.ca.location': material().rogueCa }),
      /certificate verify failed/,
    ],
    ['a certificate made out to another host', () => tls('BADHOST'), /certificate verify failed|hostname/i],
    [
      'TLS spoken to a plaintext listener',
      () => tls('TLS', { 'bootstrap.servers': kafka.brokers }),
      /SSL|handshake|[Dd]isconnected/,
    ],
  ])('%s is refused with a reason', async (_, config, reason) => {
    const error = await firstError(config() as GlobalConfig);
    expect(error.code).toMatch(/^ERR_KAFKA__(SSL|TRANSPORT)$/);
    expect(error.message).toMatch(reason);
    expect(error.message).toMatch(/Check '/);
  });

  it('plaintext spoken to a TLS listener: it may be all that librdkafka says that no broker is left, so the hint says what to check', async () => {
    await using admin = new Admin({ 'bootstrap.servers': material().bootstrap.TLS });
    // Older ones say before it that the connection was lost.
    const lost = takeWhile<KafkaError>(({ code }) => code === 'ERR_KAFKA__TRANSPORT', true);
    const errors = await firstValueFrom(admin.errors$.pipe(lost, toArray()));
    expect(errors.at(-1)?.code).toBe('ERR_KAFKA__ALL_BROKERS_DOWN');
    for (const { retriable, message } of errors) {
      expect(retriable).toBe(true);
      expect(message).toMatch(/Check 'bootstrap.servers' and 'security.protocol'/);
    }
  });

  it.each([
    ['no client certificate where one is required', () => ({})],
    [
      'a client certificate of another authority',
      () => ({
        'ssl.certificate.location': material().rogueClient.certificate,
        'ssl.key.location': material().rogueClient.key,
      }),
    ],
  ])('%s is refused', async (_, more) => {
    const error = await firstError(tls('MTLS', more()));
    expect(error.code).toMatch(/^ERR_KAFKA__(SSL|TRANSPORT)$/);
    expect(error.message).toMatch(/Check '/);
  });

  it.each([
    ['a key that is not one', { 'ssl.key.pem': 'no-key-at-all' }, /ssl\.key\.pem|private key/],
    ['an authority that is not there', { 'ssl.ca.location': '/nowhere/ca.pem' }, /ssl\.ca\.location/],
  ])('%s is a ConfigError at once, without the value of a secret', (_, more, reason) => {
    let error: unknown;
    try {
      new Admin(tls('MTLS', more));
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ name: 'ConfigError', message: expect.stringMatching(reason) });
    expect(inspect(error)).not.toContain('no-key-at-all');
  });
});

describe('SASL', () => {
  it.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])('round trip with %s over TLS', (mechanism) =>
    roundTrip(sasl(mechanism)),
  );

  it('round trip without TLS', () =>
    roundTrip(
      sasl('SCRAM-SHA-256', { 'bootstrap.servers': material().bootstrap.SASL, 'security.protocol': 'sasl_plaintext' }),
    ));

  it('round trip with OAUTHBEARER, the token from an asynchronous provider', async () => {
    const oauthBearerToken = jest.fn(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return token(3600);
    });
    await roundTrip(oauth(), { oauthBearerToken });
    expect(oauthBearerToken).toHaveBeenCalled();
  });

  it('a token that the broker finds expired: an error that says what to check, without the token', async () => {
    const expired = { ...token(-3600), expiresAt: Date.now() + 3_600_000 };
    const error = await firstError(oauth(), { oauthBearerToken: () => expired });
    expect(error).toMatchObject({ name: 'KafkaError', code: 'ERR_KAFKA__AUTHENTICATION', fatal: false });
    expect(error.message).toMatch(/Check /);
    expect(inspect(error)).not.toContain(expired.value);
  });

  it('a token whose own time is over is refused before it is sent', async () => {
    const expired = token(-3600);
    const error = await firstError(oauth(), { oauthBearerToken: () => expired });
    expect(error.message).toMatch(/[Tt]oken.*(expired|unexpired)/);
    expect(inspect(error)).not.toContain(expired.value);
  });

  it('a provider that fails: its reason is the error, and the next token is asked for again', async () => {
    let asked = 0;
    const oauthBearerToken = async () => {
      if (++asked === 1) throw new Error('the identity provider is down');
      return token(3600);
    };
    await using admin = new Admin(oauth(), { oauthBearerToken });
    const error = await firstValueFrom(admin.errors$);
    expect(error.message).toMatch(/No OAUTHBEARER token: the identity provider is down/);
    // librdkafka asks again after ten seconds.
    expect((await admin.metadata(null, { timeoutMs: 30_000 })).brokers.length).toBeGreaterThan(0);
    expect(asked).toBeGreaterThan(1);
  });

  it.each(['PLAIN', 'SCRAM-SHA-256'])(
    'a wrong password with %s: a typed error that says what to check',
    async (mechanism) => {
      const wrong = 'wrong-and-still-a-secret';
      const error = await firstError(sasl(mechanism, { 'sasl.password': wrong }));
      expect(error).toMatchObject({ name: 'KafkaError', code: 'ERR_KAFKA__AUTHENTICATION', fatal: false });
      expect(error.message).toMatch(
        /Check 'security.protocol', 'sasl.mechanisms', 'sasl.username' and 'sasl.password'/,
      );
      expect(JSON.stringify(error) + error.stack).not.toContain(wrong);
    },
  );

  it('a wrong password: a send rejects in time, nothing is lost silently, and close settles it', async () => {
    const producer = new Producer(sasl('PLAIN', { 'sasl.password': 'wrong', 'message.timeout.ms': 2_000 }));
    const error = await producer.send({ topic, value: 'x' }).catch((cause: KafkaError) => cause);
    expect(error).toMatchObject({ name: 'ProduceError', code: 'ERR_KAFKA__MSG_TIMED_OUT', status: 'not-persisted' });
    await producer.close();
  });
});

const hasOidc = native.builtinFeatures().split(',').includes('oidc');
process.stderr.write(
  `left out, because this addon has ${hasOidc ? 'curl: the refusal of OIDC without it' : 'no curl: tokens that librdkafka fetches'}\n`,
);

const oidc = (url: string, more: object = {}): GlobalConfig =>
  ({
    ...oauth(),
    'sasl.oauthbearer.method': 'oidc',
    'sasl.oauthbearer.token.endpoint.url': url,
    'sasl.oauthbearer.client.id': OIDC_CLIENT.id,
    'sasl.oauthbearer.client.secret': OIDC_CLIENT.secret,
    ...more,
  }) as GlobalConfig;

const sinceHttpsCa = hasOidc
  ? since(capabilities['https.ca.location'], 'token endpoints are checked with the authorities of the system alone')
  : it.skip;

(hasOidc ? describe : describe.skip)('OAUTHBEARER, librdkafka fetches the tokens (OIDC)', () => {
  let endpoint: TokenEndpoint;
  afterEach(() => endpoint?.stop());

  it('round trip with tokens of an HTTP endpoint, which is told the scope', async () => {
    endpoint = await startTokenEndpoint();
    await roundTrip(oidc(endpoint.url, { 'sasl.oauthbearer.scope': 'kafka:orders' }));
    const forms = endpoint.granted.map((form) => Object.fromEntries(form));
    expect(forms).toContainEqual({ grant_type: 'client_credentials', scope: 'kafka:orders' });
  });

  sinceHttpsCa.each(['https.ca.location', 'https.ca.pem'])(
    'round trip with tokens of an HTTPS endpoint, %s',
    async (key) => {
      endpoint = await startTokenEndpoint({ tls: material().server });
      const { ca } = material();
      await roundTrip(oidc(endpoint.url, { [key]: key === 'https.ca.pem' ? readFileSync(ca, 'utf8') : ca }));
      expect(endpoint.granted.length).toBeGreaterThan(0);
    },
  );

  it('asks for the next token before one expires, and stays connected', async () => {
    endpoint = await startTokenEndpoint({ lifetimeSeconds: 5 });
    await using admin = new Admin(oidc(endpoint.url));
    await admin.metadata(null, { timeoutMs: 10_000 });
    await endpoint.grants(2);
    expect((await admin.metadata(null, { timeoutMs: 10_000 })).brokers).toHaveLength(1);
  });

  sinceHttpsCa('does not trust an HTTPS endpoint of an authority that is not known', async () => {
    endpoint = await startTokenEndpoint({ tls: material().server });
    const error = await firstError(oidc(endpoint.url, { 'https.ca.location': material().rogueCa }));
    expect(error).toMatchObject({ name: 'KafkaError', code: 'ERR_KAFKA__AUTHENTICATION', fatal: false });
    expect(error.message).toMatch(/certificate/);
    expect(endpoint.granted).toEqual([]);
  });

  it('a wrong client secret: the error has what the endpoint answered, and not the secret', async () => {
    endpoint = await startTokenEndpoint();
    const wrong = 'wrong-and-still-a-secret';
    const error = await firstError(oidc(endpoint.url, { 'sasl.oauthbearer.client.secret': wrong }));
    expect(error).toMatchObject({ name: 'KafkaError', code: 'ERR_KAFKA__AUTHENTICATION', fatal: false });
    expect(error.message).toMatch(/invalid_client.*the client is not known or its secret is wrong/);
    expect(error.message).toMatch(/Check .*'sasl\.oauthbearer/);
    expect(inspect(error)).not.toContain(wrong);
  });

  it('an endpoint that cannot be reached: the error says which', async () => {
    endpoint = await startTokenEndpoint();
    const { url } = endpoint;
    await endpoint.stop();
    const error = await firstError(oidc(url));
    expect(error).toMatchObject({ name: 'KafkaError', code: 'ERR_KAFKA__AUTHENTICATION', fatal: false });
    expect(error.message).toContain(new URL(url).port);
    expect(inspect(error)).not.toContain(OIDC_CLIENT.secret);
  });
});

(hasOidc ? it.skip : it)('OIDC with an addon that has no curl: a ConfigError that says what to do', () => {
  expect(() => new Admin(oidc('http://127.0.0.1:1/token'))).toThrow(
    /^'sasl\.oauthbearer\.method' needs a librdkafka with curl.*'oauthBearerToken'/,
  );
});

describe('secrets', () => {
  it.each([
    ['a password', () => sasl('SCRAM-SHA-512'), () => [material().user.password]],
    [
      'a key and its password',
      () => {
        const { certificate, key } = material().client;
        return tls('MTLS', {
          'ssl.certificate.pem': readFileSync(certificate, 'utf8'),
          'ssl.key.pem': readFileSync(key, 'utf8'),
          'ssl.key.password': 'not-needed-here',
        });
      },
      () => [readFileSync(material().client.key, 'utf8').split('\n')[1] ?? '', 'not-needed-here'],
    ],
    ['a token', oauth, () => []],
  ])('%s is in no log line with everything logged, in no error and in no inspection', async (_, config, secrets) => {
    const given = token(3600);
    const options = config === oauth ? { oauthBearerToken: () => given } : {};
    await using admin = new Admin({ ...config(), debug: 'all' }, options);
    let said = '';
    admin.logs$.subscribe((line) => {
      said += `${inspect(line)}\n`;
    });
    admin.errors$.subscribe((error) => {
      said += `${inspect(error)}\n`;
    });
    await admin.metadata(null, { timeoutMs: 10_000 });
    said += inspect(admin, { depth: 9, showHidden: true }) + JSON.stringify(admin);
    expect(said).toMatch(/SASL|SSL/);
    for (const secret of [...secrets(), given.value].filter(Boolean)) expect(said).not.toContain(secret);
  });
});
