/** Identifies a client in metrics, logs and traces. */
export interface ClientIdentity {
  readonly kind: 'consumer' | 'producer' | 'admin';
  /** librdkafka's name for the client, unique in the process: `rdkafka#consumer-1`. */
  readonly name: string;
  /** The configured `client.id`. */
  readonly clientId: string;
  /** The `group.id` of a consumer; null without a group. */
  readonly groupId?: string | null;
  readonly closed: boolean;
}
