/** A token endpoint as identity providers have one (OAuth 2.0, client credentials), on loopback. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { KeyPair } from './kafka-security';
import { unsignedToken } from './unsigned-token';

export const OIDC_CLIENT = { id: 'billing', secret: 'client+secret/known-to-two' };

export interface TokenEndpoint {
  readonly url: string;
  /** Form of each request that was answered with a token, in order. */
  readonly granted: readonly URLSearchParams[];
  /** Resolves when that many tokens have been given. */
  grants(count: number): Promise<void>;
  stop(): Promise<void>;
}

export interface TokenEndpointOptions {
  /** https when given. */
  tls?: KeyPair;
  lifetimeSeconds?: number;
}

export async function startTokenEndpoint(options: TokenEndpointOptions = {}): Promise<TokenEndpoint> {
  const { tls, lifetimeSeconds = 3600 } = options;
  const granted: URLSearchParams[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = new URLSearchParams(await text(request));
    const known = `Basic ${Buffer.from(`${OIDC_CLIENT.id}:${OIDC_CLIENT.secret}`).toString('base64')}`;
    const reply = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.headers.authorization !== known) {
      reply(401, { error: 'invalid_client', error_description: 'the client is not known or its secret is wrong' });
      return;
    }
    granted.push(form);
    reply(200, {
      access_token: unsignedToken(lifetimeSeconds),
      token_type: 'Bearer',
      expires_in: lifetimeSeconds,
    });
    server.emit('granted');
  };
  const listener = (request: IncomingMessage, response: ServerResponse) => void answer(request, response);
  const server = tls
    ? createHttpsServer({ key: readFileSync(tls.key), cert: readFileSync(tls.certificate) }, listener)
    : createHttpServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}/oauth2/token`,
    granted,
    async grants(count) {
      while (granted.length < count) await once(server, 'granted');
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
