/** What identifies a client to the tools that watch it. */
export interface ClientIdentity {
  readonly kind: 'consumer' | 'producer' | 'admin';
  /** librdkafka's name for it, unique in the process: `rdkafka#consumer-1`. */
  readonly name: string;
  /** The configured `client.id`. */
  readonly clientId: string;
  /** The configured `group.id` of a consumer; null without one. */
  readonly groupId?: string | null;
  readonly closed: boolean;
}
