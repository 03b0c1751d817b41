import { readFileSync } from 'node:fs';
import { Admin, Consumer, type GlobalConfig, type KafkaError, Producer } from 'rdkafka-rx';
import { liveHandles } from 'rdkafka-rx/testing';
import { filter, firstValueFrom } from 'rxjs';
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
  expect(liveHandles()).toBe(0);
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
async function firstError(config: GlobalConfig): Promise<KafkaError> {
  await using admin = new Admin(config);
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

describe('TLS', () => {
  it('round trip', () => roundTrip(tls('TLS')));

  it('round trip with the authority as text', () =>
    roundTrip(tls('TLS', { 'ssl.ca.location': undefined, 'ssl.ca.pem': readFileSync(material().ca, 'utf8') })));

  it('round trip with a client certificate', () => {
    const { certificate, key } = material().client;
    return roundTrip(tls('MTLS', { 'ssl.certificate.location': certificate, 'ssl.key.location': key }));
  });

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

  it('no client certificate where one is required is refused', async () => {
    const error = await firstError(tls('MTLS'));
    expect(error.code).toMatch(/^ERR_KAFKA__(SSL|TRANSPORT)$/);
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

  it('round trip with OAUTHBEARER, the token from the option', () => {
    const part = (data: object) => Buffer.from(JSON.stringify(data)).toString('base64url');
    const oauthBearerToken = () => {
      const now = Math.floor(Date.now() / 1000);
      const claims = { sub: 'alice', iat: now, exp: now + 3600 };
      return { value: `${part({ alg: 'none' })}.${part(claims)}.`, expiresAt: (now + 3600) * 1000, principal: 'alice' };
    };
    const config = sasl('OAUTHBEARER', { 'sasl.username': undefined, 'sasl.password': undefined });
    return roundTrip(config, { oauthBearerToken });
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
