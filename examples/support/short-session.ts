import { Client } from 'rdkafka-rx';

const [major = 0, minor = 0] = Client.librdkafkaVersion.split('.').map(Number);

/**
 * Session timeout of members that come and go on the embedded cluster, which lets a member wait a second less than this
 * when another has left. With librdkafka before 2.11 it lets the first member of a group wait three seconds, whatever it is
 * told, and drops it meanwhile when its session is shorter.
 */
export const SHORT_SESSION_MS = major > 2 || minor >= 11 ? 1500 : 3500;
