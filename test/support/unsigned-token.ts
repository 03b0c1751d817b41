/** A JSON web token without a signature, as the Kafka of the tests takes them. */
export function unsignedToken(lifetimeSeconds: number): string {
  const part = (data: object) => Buffer.from(JSON.stringify(data)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: 'alice', iat: Math.min(now, now + lifetimeSeconds) - 10, exp: now + lifetimeSeconds };
  return `${part({ alg: 'none' })}.${part(claims)}.`;
}
