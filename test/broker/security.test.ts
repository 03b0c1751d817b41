import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { Admin, type ClientOptions, Consumer, type GlobalConfig, type KafkaError, Producer } from 'rdkafka-rx';
import { filter, firstValueFrom } from 'rxjs';
import { expectHandles } from '../support/handles';
import { type Kafka, startKafka } from '../support/kafka';

jest.setTimeout(120_000);

let kafka: Kafka;
const topic = 'secured';
beforeAll(async () => {
  kafka = await startKafka({ security: true });
  await kafka.createTopic(topic);
});
afterAll(async () => {
  await kafka.stop();
  await expectHandles(0);
});

const material = () => kafka.security as NonNullable<Kafka['security']>;

async function roundTrip(config: GlobalConfig, options = {}): Promise<void> {
  await using producer = new Producer(config, {}, options);
  const value = `${Math.random()}`;
  const { offset } = await producer.send({ topic, value });
  await using consumer = new Consumer(config, {}, options);
  await consumer.assign([{ topic, partition: 0, offset }]);
  expect((await consumer.take())?.at(0)?.value?.toString()).toBe(value);
}

/** The first error that is not only "no broker is left", which follows every one. */
async function firstError(config: GlobalConfig, options: ClientOptions = {}): Promise<KafkaError> {
  await using admin = new Admin(config, options);
  const told = firstValueFrom(admin.errors$.pipe(filter(({ code }) => code !== 'ERR_KAFKA__ALL_BROKERS_DOWN')));
  const asked = admin.metadata(null, { timeoutMs: 2_000 }).then(
    () => 'answered',
    ({ code }: KafkaError) => code,
  );
  const error = await told;
  await admin.close({ timeoutMs: 1_000 });
  expect(await asked).not.toBe('answered');
  return error;
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

/** An unsigned token, as the tests' broker takes them. */
function token(lifetimeSeconds: number) {
  const part = (data: object) => Buffer.from(JSON.stringify(data)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: 'alice', iat: Math.min(now, now + lifetimeSeconds) - 10, exp: now + lifetimeSeconds };
  return {
    value: `${part({ alg: 'none' })}.${part(claims)}.`,
    expiresAt: (now + lifetimeSeconds) * 1000,
    principal: 'alice',
  };
}

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

  it('plaintext spoken to a TLS listener: all librdkafka says is that no broker is left, so the hint says what to check', async () => {
    await using admin = new Admin({ 'bootstrap.servers': material().bootstrap.TLS });
    const error = await firstValueFrom(admin.errors$);
    expect(error).toMatchObject({ code: 'ERR_KAFKA__ALL_BROKERS_DOWN', retriable: true });
    expect(error.message).toMatch(/Check 'bootstrap.servers' and 'security.protocol'/);
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
