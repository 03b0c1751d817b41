// Generated from librdkafka 2.15.1 by `npm run gen`. Do not edit.

/** One or more of a closed set: an array, one value, or values separated by commas. */
export type Csv<T extends string> = T | readonly T[] | `${T},${string}`;

/** Properties of every client. */
export interface GlobalConfig {
  /**
   * Client identifier.
   * @defaultValue `rdkafka`
   */
  'client.id'?: string;
  /** Initial list of brokers as a CSV list of broker host or host:port. The application may also use `rd_kafka_brokers_add()` to add brokers during runtime. */
  'metadata.broker.list'?: string | readonly string[];
  /** Alias for `metadata.broker.list`: Initial list of brokers as a CSV list of broker host or host:port. The application may also use `rd_kafka_brokers_add()` to add brokers during runtime. */
  'bootstrap.servers': string | readonly string[];
  /**
   * Maximum Kafka protocol request message size. Due to differing framing overhead between protocol versions the producer is unable to reliably enforce a strict max message limit at produce time and may exceed the maximum size by one message in protocol ProduceRequests, the broker will enforce the the topic's `max.message.bytes` limit (see Apache Kafka documentation). Range: 1000 to 1000000000.
   * @defaultValue `1000000`
   */
  'message.max.bytes'?: number;
  /**
   * Maximum size for message to be copied to buffer. Messages larger than this will be passed by reference (zero-copy) at the expense of larger iovecs. This property is not supported for share consumers. Range: 0 to 1000000000.
   * @defaultValue `65535`
   */
  'message.copy.max.bytes'?: number;
  /**
   * Maximum Kafka protocol response message size. This serves as a safety precaution to avoid memory exhaustion in case of protocol hickups. This value must be at least `fetch.max.bytes`  + 512 to allow for protocol overhead; the value is adjusted automatically unless the configuration property is explicitly set. For share consumers, the default value is INT_MAX. Range: 1000 to 2147483647.
   * @defaultValue `100000000`
   */
  'receive.message.max.bytes'?: number;
  /**
   * Maximum number of in-flight requests per broker connection. This is a generic property applied to all broker communication, however it is primarily relevant to produce requests. In particular, note that other mechanisms limit the number of outstanding consumer fetch request per broker to one. This property is ignored for share consumers. Range: 1 to 1000000.
   * @defaultValue `1000000`
   */
  'max.in.flight.requests.per.connection'?: number;
  /**
   * Alias for `max.in.flight.requests.per.connection`: Maximum number of in-flight requests per broker connection. This is a generic property applied to all broker communication, however it is primarily relevant to produce requests. In particular, note that other mechanisms limit the number of outstanding consumer fetch request per broker to one. This property is ignored for share consumers. Range: 1 to 1000000.
   * @defaultValue `1000000`
   */
  'max.in.flight'?: number;
  /**
   * Controls how the client recovers when none of the brokers known to it is available. If set to `none`, the client doesn't re-bootstrap. If set to `rebootstrap`, the client repeats the bootstrap process using `bootstrap.servers` and brokers added through `rd_kafka_brokers_add()`. Rebootstrapping is useful when a client communicates with brokers so infrequently that the set of brokers may change entirely before the client refreshes metadata. Metadata recovery is triggered when all last-known brokers appear unavailable simultaneously or the client cannot refresh metadata within `metadata.recovery.rebootstrap.trigger.ms` or it's requested in a metadata response.
   * @defaultValue `rebootstrap`
   */
  'metadata.recovery.strategy'?: 'none' | 'rebootstrap';
  /**
   * If a client configured to rebootstrap using `metadata.recovery.strategy=rebootstrap` is unable to obtain metadata from any of the brokers for this interval, client repeats the bootstrap process using `bootstrap.servers` configuration and brokers added through `rd_kafka_brokers_add()`. Range: 0 to 2147483647.
   * @defaultValue `300000`
   */
  'metadata.recovery.rebootstrap.trigger.ms'?: number;
  /**
   * Period of time in milliseconds at which topic and broker metadata is refreshed in order to proactively discover any new brokers, topics, partitions or partition leader changes. Use -1 to disable the intervalled refresh (not recommended). If there are no locally referenced topics (no topic objects created, no messages produced, no subscription or no assignment) then only the broker list will be refreshed every interval but no more often than every 10s. Range: -1 to 3600000.
   * @defaultValue `300000`
   */
  'topic.metadata.refresh.interval.ms'?: number;
  /**
   * Metadata cache max age. Defaults to topic.metadata.refresh.interval.ms * 3 Range: 1 to 86400000.
   * @defaultValue `900000`
   */
  'metadata.max.age.ms'?: number;
  /**
   * When a topic loses its leader a new metadata request will be enqueued immediately and then with this initial interval, exponentially increasing upto `retry.backoff.max.ms`, until the topic metadata has been refreshed. If not set explicitly, it will be defaulted to `retry.backoff.ms`. This is used to recover quickly from transitioning leader brokers. Range: 1 to 60000.
   * @defaultValue `100`
   */
  'topic.metadata.refresh.fast.interval.ms'?: number;
  /**
   * No longer used. Range: 0 to 1000.
   * @defaultValue `10`
   * @deprecated by librdkafka
   */
  'topic.metadata.refresh.fast.cnt'?: number;
  /**
   * Sparse metadata requests (consumes less network bandwidth)
   * @defaultValue `true`
   */
  'topic.metadata.refresh.sparse'?: boolean;
  /**
   * Apache Kafka topic creation is asynchronous and it takes some time for a new topic to propagate throughout the cluster to all brokers. If a client requests topic metadata after manual topic creation but before the topic has been fully propagated to the broker the client is requesting metadata from, the topic will seem to be non-existent and the client will mark the topic as such, failing queued produced messages with `ERR__UNKNOWN_TOPIC`. This setting delays marking a topic as non-existent until the configured propagation max time has passed. The maximum propagation time is calculated from the time the topic is first referenced in the client, e.g., on produce(). Range: 0 to 3600000.
   * @defaultValue `30000`
   */
  'topic.metadata.propagation.max.ms'?: number;
  /** Topic blacklist, a comma-separated list of regular expressions for matching topic names that should be ignored in broker metadata information as if the topics did not exist. This property is not supported for share consumers. */
  'topic.blacklist'?: string | readonly string[];
  /** A comma-separated list of debug contexts to enable. Detailed Producer debugging: broker,topic,msg. Consumer: consumer,cgrp,topic,fetch */
  debug?: Csv<'generic' | 'broker' | 'topic' | 'metadata' | 'feature' | 'queue' | 'msg' | 'protocol' | 'cgrp' | 'security' | 'fetch' | 'interceptor' | 'plugin' | 'consumer' | 'admin' | 'eos' | 'mock' | 'assignor' | 'conf' | 'telemetry' | 'all'>;
  /**
   * Default timeout for network requests. Producer: ProduceRequests will use the lesser value of `socket.timeout.ms` and remaining `message.timeout.ms` for the first message in the batch. Consumer: FetchRequests will use `fetch.wait.max.ms` + `socket.timeout.ms`. Admin: Admin requests will use `socket.timeout.ms` or explicitly set `rd_kafka_AdminOptions_set_operation_timeout()` value. Range: 10 to 300000.
   * @defaultValue `60000`
   */
  'socket.timeout.ms'?: number;
  /**
   * No longer used. Range: 1 to 60000.
   * @defaultValue `1000`
   * @deprecated by librdkafka
   */
  'socket.blocking.max.ms'?: number;
  /**
   * Broker socket send buffer size. System default is used if 0. Range: 0 to 100000000.
   * @defaultValue `0`
   */
  'socket.send.buffer.bytes'?: number;
  /**
   * Broker socket receive buffer size. System default is used if 0. Range: 0 to 100000000.
   * @defaultValue `0`
   */
  'socket.receive.buffer.bytes'?: number;
  /**
   * Enable TCP keep-alives (SO_KEEPALIVE) on broker sockets
   * @defaultValue `false`
   */
  'socket.keepalive.enable'?: boolean;
  /**
   * Disable the Nagle algorithm (TCP_NODELAY) on broker sockets.
   * @defaultValue `true`
   */
  'socket.nagle.disable'?: boolean;
  /**
   * Disconnect from broker when this number of send failures (e.g., timed out requests) is reached. Disable with 0. WARNING: It is highly recommended to leave this setting at its default value of 1 to avoid the client and broker to become desynchronized in case of request timeouts. NOTE: The connection is automatically re-established. Range: 0 to 1000000.
   * @defaultValue `1`
   */
  'socket.max.fails'?: number;
  /**
   * How long to cache the broker address resolving results (milliseconds). Range: 0 to 86400000.
   * @defaultValue `1000`
   */
  'broker.address.ttl'?: number;
  /**
   * Allowed broker IP address families: any, v4, v6
   * @defaultValue `any`
   */
  'broker.address.family'?: 'any' | 'v4' | 'v6';
  /**
   * Maximum time allowed for broker connection setup (TCP connection setup as well SSL and SASL handshake). If the connection to the broker is not fully functional after this the connection will be closed and retried. Range: 1000 to 2147483647.
   * @defaultValue `30000`
   */
  'socket.connection.setup.timeout.ms'?: number;
  /**
   * Close broker connections after the specified time of inactivity. Disable with 0. For share consumers, the default value is 540000 (9 mins).If this property is left at its default value some heuristics are performed to determine a suitable default value, this is currently limited to identifying brokers on Azure (see librdkafka issue #3109 for more info). Actual value can be lower, up to 2s lower, only if `connections.max.idle.ms` >= 4s, as jitter is added to avoid disconnecting all brokers at the same time. Range: 0 to 2147483647.
   * @defaultValue `0`
   */
  'connections.max.idle.ms'?: number;
  /**
   * No longer used. See `reconnect.backoff.ms` and `reconnect.backoff.max.ms`. Range: 0 to 3600000.
   * @defaultValue `0`
   * @deprecated by librdkafka
   */
  'reconnect.backoff.jitter.ms'?: number;
  /**
   * The initial time to wait before reconnecting to a broker after the connection has been closed. The time is increased exponentially until `reconnect.backoff.max.ms` is reached. -25% to +50% jitter is applied to each reconnect backoff. A value of 0 disables the backoff and reconnects immediately. For share consumers, the default value is 50. Range: 0 to 3600000.
   * @defaultValue `100`
   */
  'reconnect.backoff.ms'?: number;
  /**
   * The maximum time to wait before reconnecting to a broker after the connection has been closed. For share consumers, the default value is 1000. Range: 0 to 3600000.
   * @defaultValue `10000`
   */
  'reconnect.backoff.max.ms'?: number;
  /**
   * librdkafka statistics emit interval. The application also needs to register a stats callback using `rd_kafka_conf_set_stats_cb()`. The granularity is 1000ms. A value of 0 disables statistics. Range: 0 to 86400000.
   * @defaultValue `0`
   */
  'statistics.interval.ms'?: number;
  /**
   * Logging level (syslog(3) levels) Range: 0 to 7.
   * @defaultValue `6`
   */
  log_level?: number;
  /**
   * Print internal thread name in log messages (useful for debugging librdkafka internals)
   * @defaultValue `true`
   */
  'log.thread.name'?: boolean;
  /**
   * If enabled librdkafka will initialize the PRNG with srand(current_time.milliseconds) on the first invocation of rd_kafka_new() (required only if rand_r() is not available on your platform). If disabled the application must call srand() prior to calling rd_kafka_new().
   * @defaultValue `true`
   */
  'enable.random.seed'?: boolean;
  /**
   * Log broker disconnects. It might be useful to turn this off when interacting with 0.9 brokers with an aggressive `connections.max.idle.ms` value.
   * @defaultValue `true`
   */
  'log.connection.close'?: boolean;
  /**
   * **Post-deprecation actions: remove this configuration property, brokers < 0.10.0 won't be supported anymore in librdkafka 3.x.** Request broker's supported API versions to adjust functionality to available protocol features. If set to false, or the ApiVersionRequest fails, the fallback version `broker.version.fallback` will be used. **NOTE**: Depends on broker version >=0.10.0. If the request is not supported by (an older) broker the `broker.version.fallback` fallback is used.
   * @defaultValue `true`
   * @deprecated by librdkafka
   */
  'api.version.request'?: boolean;
  /**
   * Timeout for broker API version requests. Range: 1 to 300000.
   * @defaultValue `10000`
   */
  'api.version.request.timeout.ms'?: number;
  /**
   * **Post-deprecation actions: remove this configuration property, brokers < 0.10.0 won't be supported anymore in librdkafka 3.x.** Dictates how long the `broker.version.fallback` fallback is used in the case the ApiVersionRequest fails. **NOTE**: The ApiVersionRequest is only issued when a new connection to the broker is made (such as after an upgrade). Range: 0 to 604800000.
   * @defaultValue `0`
   * @deprecated by librdkafka
   */
  'api.version.fallback.ms'?: number;
  /**
   * **Post-deprecation actions: remove this configuration property, brokers < 0.10.0 won't be supported anymore in librdkafka 3.x.** Older broker versions (before 0.10.0) provide no way for a client to query for supported protocol features (ApiVersionRequest, see `api.version.request`) making it impossible for the client to know what features it may use. As a workaround a user may set this property to the expected broker version and the client will automatically adjust its feature set accordingly if the ApiVersionRequest fails (or is disabled). The fallback broker version will be used for `api.version.fallback.ms`. Valid values are: 0.9.0, 0.8.2, 0.8.1, 0.8.0. Any other value >= 0.10, such as 0.10.2.1, enables ApiVersionRequests.
   * @defaultValue `0.10.0`
   * @deprecated by librdkafka
   */
  'broker.version.fallback'?: string;
  /**
   * Allow automatic topic creation on the broker when subscribing to or assigning non-existent topics. The broker must also be configured with `auto.create.topics.enable=true` for this configuration to take effect. Note: the default value (true) for the producer is different from the default value (false) for the consumer. Further, the consumer default value is different from the Java consumer (true), and this property is not supported by the Java producer. Requires broker version >= 0.11.0.0, for older broker versions only the broker configuration applies. This property is currently not supported for share consumers and will be enabled in the General Availability (GA) release.
   * @defaultValue `false`
   */
  'allow.auto.create.topics'?: boolean;
  /**
   * Protocol used to communicate with brokers.
   * @defaultValue `plaintext`
   */
  'security.protocol'?: 'plaintext' | 'ssl' | 'sasl_plaintext' | 'sasl_ssl' | 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
  /** A cipher suite is a named combination of authentication, encryption, MAC and key exchange algorithm used to negotiate the security settings for a network connection using TLS or SSL network protocol. See manual page for `ciphers(1)` and `SSL_CTX_set_cipher_list(3). */
  'ssl.cipher.suites'?: string;
  /** The supported-curves extension in the TLS ClientHello message specifies the curves (standard/named, or 'explicit' GF(2^k) or GF(p)) the client is willing to have the server use. See manual page for `SSL_CTX_set1_curves_list(3)`. OpenSSL >= 1.0.2 required. */
  'ssl.curves.list'?: string;
  /** The client uses the TLS ClientHello signature_algorithms extension to indicate to the server which signature/hash algorithm pairs may be used in digital signatures. See manual page for `SSL_CTX_set1_sigalgs_list(3)`. OpenSSL >= 1.0.2 required. */
  'ssl.sigalgs.list'?: string;
  /** Path to client's private key (PEM) used for authentication. */
  'ssl.key.location'?: string;
  /** Private key passphrase (for use with `ssl.key.location` and `set_ssl_cert()`) */
  'ssl.key.password'?: string;
  /** Client's private key string (PEM format) used for authentication. */
  'ssl.key.pem'?: string;
  /** Path to client's public key (PEM) used for authentication. */
  'ssl.certificate.location'?: string;
  /** Client's public key string (PEM format) used for authentication. */
  'ssl.certificate.pem'?: string;
  /** File or directory path to CA certificate(s) for verifying the broker's key. Defaults: On Windows the system's CA certificates are automatically looked up in the Windows Root certificate store. On Mac OSX this configuration defaults to `probe`. It is recommended to install openssl using Homebrew, to provide CA certificates. On Linux install the distribution's ca-certificates package. If OpenSSL is statically linked or `ssl.ca.location` is set to `probe` a list of standard paths will be probed and the first one found will be used as the default CA certificate location path. If OpenSSL is dynamically linked the OpenSSL library's default path will be used (see `OPENSSLDIR` in `openssl version -a`). */
  'ssl.ca.location'?: string;
  /** File or directory path to CA certificate(s) for verifying HTTPS endpoints, like `sasl.oauthbearer.token.endpoint.url` used for OAUTHBEARER/OIDC authentication. Mutually exclusive with `https.ca.pem`. Defaults: On Windows the system's CA certificates are automatically looked up in the Windows Root certificate store. On Mac OSX this configuration defaults to `probe`. It is recommended to install openssl using Homebrew, to provide CA certificates. On Linux install the distribution's ca-certificates package. If OpenSSL is statically linked or `https.ca.location` is set to `probe` a list of standard paths will be probed and the first one found will be used as the default CA certificate location path. If OpenSSL is dynamically linked the OpenSSL library's default path will be used (see `OPENSSLDIR` in `openssl version -a`). */
  'https.ca.location'?: string;
  /** CA certificate string (PEM format) for verifying HTTPS endpoints. Mutually exclusive with `https.ca.location`. Optional: see `https.ca.location`. */
  'https.ca.pem'?: string;
  /** CA certificate string (PEM format) for verifying the broker's key. */
  'ssl.ca.pem'?: string;
  /**
   * Comma-separated list of Windows Certificate stores to load CA certificates from. Certificates will be loaded in the same order as stores are specified. If no certificates can be loaded from any of the specified stores an error is logged and the OpenSSL library's default CA location is used instead. Store names are typically one or more of: MY, Root, Trust, CA.
   * @defaultValue `Root`
   */
  'ssl.ca.certificate.stores'?: string | readonly string[];
  /** Path to CRL for verifying broker's certificate validity. */
  'ssl.crl.location'?: string;
  /** Path to client's keystore (PKCS#12) used for authentication. */
  'ssl.keystore.location'?: string;
  /** Client's keystore (PKCS#12) password. */
  'ssl.keystore.password'?: string;
  /** Comma-separated list of OpenSSL 3.0.x implementation providers. E.g., "default,legacy". */
  'ssl.providers'?: string | readonly string[];
  /**
   * Path to OpenSSL engine library. OpenSSL >= 1.1.x required. DEPRECATED: OpenSSL engine support is deprecated and should be replaced by OpenSSL 3 providers.
   * @deprecated by librdkafka
   */
  'ssl.engine.location'?: string;
  /**
   * OpenSSL engine id is the name used for loading engine.
   * @defaultValue `dynamic`
   */
  'ssl.engine.id'?: string;
  /**
   * Enable OpenSSL's builtin broker (server) certificate verification. This verification can be extended by the application by implementing a certificate_verify_cb.
   * @defaultValue `true`
   */
  'enable.ssl.certificate.verification'?: boolean;
  /**
   * Endpoint identification algorithm to validate broker hostname using broker certificate. https - Server (broker) hostname verification as specified in RFC2818. none - No endpoint verification. OpenSSL >= 1.0.2 required.
   * @defaultValue `https`
   */
  'ssl.endpoint.identification.algorithm'?: 'none' | 'https';
  /**
   * SASL mechanism to use for authentication. Supported: GSSAPI, PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER. **NOTE**: Despite the name only one mechanism must be configured.
   * @defaultValue `GSSAPI`
   */
  'sasl.mechanisms'?: 'GSSAPI' | 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER';
  /**
   * Alias for `sasl.mechanisms`: SASL mechanism to use for authentication. Supported: GSSAPI, PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER. **NOTE**: Despite the name only one mechanism must be configured.
   * @defaultValue `GSSAPI`
   */
  'sasl.mechanism'?: 'GSSAPI' | 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER';
  /**
   * Kerberos principal name that Kafka runs as, not including /hostname@REALM
   * @defaultValue `kafka`
   */
  'sasl.kerberos.service.name'?: string;
  /**
   * This client's Kerberos principal name. (Not supported on Windows, will use the logon user's principal).
   * @defaultValue `kafkaclient`
   */
  'sasl.kerberos.principal'?: string;
  /**
   * Shell command to refresh or acquire the client's Kerberos ticket. This command is executed on client creation and every sasl.kerberos.min.time.before.relogin (0=disable). %{config.prop.name} is replaced by corresponding config object value.
   * @defaultValue `kinit -R -t "%{sasl.kerberos.keytab}" -k %{sasl.kerberos.principal} || kinit -t "%{sasl.kerberos.keytab}" -k %{sasl.kerberos.principal}`
   */
  'sasl.kerberos.kinit.cmd'?: string;
  /** Path to Kerberos keytab file. This configuration property is only used as a variable in `sasl.kerberos.kinit.cmd` as ` ... -t "%{sasl.kerberos.keytab}"`. */
  'sasl.kerberos.keytab'?: string;
  /**
   * Minimum time in milliseconds between key refresh attempts. Disable automatic key refresh by setting this property to 0. Range: 0 to 86400000.
   * @defaultValue `60000`
   */
  'sasl.kerberos.min.time.before.relogin'?: number;
  /** SASL username for use with the PLAIN and SASL-SCRAM-.. mechanisms */
  'sasl.username'?: string;
  /** SASL password for use with the PLAIN and SASL-SCRAM-.. mechanism */
  'sasl.password'?: string;
  /** SASL/OAUTHBEARER configuration. The format is implementation-dependent and must be parsed accordingly. The default unsecured token implementation (see https://tools.ietf.org/html/rfc7515#appendix-A.5) recognizes space-separated name=value pairs with valid names including principalClaimName, principal, scopeClaimName, scope, and lifeSeconds. The default value for principalClaimName is "sub", the default value for scopeClaimName is "scope", and the default value for lifeSeconds is 3600. The scope value is CSV format with the default value being no/empty scope. For example: `principalClaimName=azp principal=admin scopeClaimName=roles scope=role1,role2 lifeSeconds=600`. In addition, SASL extensions can be communicated to the broker via `extension_NAME=value`. For example: `principal=admin extension_traceId=123` */
  'sasl.oauthbearer.config'?: string;
  /**
   * Enable the builtin unsecure JWT OAUTHBEARER token handler if no oauthbearer_refresh_cb has been set. This builtin handler should only be used for development or testing, and not in production.
   * @defaultValue `false`
   */
  'enable.sasl.oauthbearer.unsecure.jwt'?: boolean;
  /**
   * Set to "default" or "oidc" to control which login method to be used. If set to "oidc", the following properties must also be be specified: `sasl.oauthbearer.client.id`, `sasl.oauthbearer.client.secret`, and `sasl.oauthbearer.token.endpoint.url`.
   * @defaultValue `default`
   */
  'sasl.oauthbearer.method'?: 'default' | 'oidc';
  /** Public identifier for the application. Must be unique across all clients that the authorization server handles. Only used when `sasl.oauthbearer.method` is set to "oidc". */
  'sasl.oauthbearer.client.id'?: string;
  /** Alias for `sasl.oauthbearer.client.id`: Public identifier for the application. Must be unique across all clients that the authorization server handles. Only used when `sasl.oauthbearer.method` is set to "oidc". */
  'sasl.oauthbearer.client.credentials.client.id'?: string;
  /** Alias for `sasl.oauthbearer.client.secret`: Client secret only known to the application and the authorization server. This should be a sufficiently random string that is not guessable. Only used when `sasl.oauthbearer.method` is set to "oidc". */
  'sasl.oauthbearer.client.credentials.client.secret'?: string;
  /** Client secret only known to the application and the authorization server. This should be a sufficiently random string that is not guessable. Only used when `sasl.oauthbearer.method` is set to "oidc". */
  'sasl.oauthbearer.client.secret'?: string;
  /** Client use this to specify the scope of the access request to the broker. Only used when `sasl.oauthbearer.method` is set to "oidc". */
  'sasl.oauthbearer.scope'?: string;
  /** Allow additional information to be provided to the broker. Comma-separated list of key=value pairs. E.g., "supportFeatureX=true,organizationId=sales-emea".Only used when `sasl.oauthbearer.method` is set to "oidc". */
  'sasl.oauthbearer.extensions'?: string | readonly string[];
  /** OAuth/OIDC issuer token endpoint HTTP(S) URI used to retrieve token. Only used when `sasl.oauthbearer.method` is set to "oidc". */
  'sasl.oauthbearer.token.endpoint.url'?: string;
  /**
   * JWT claim name to use as the subject (principal) when validating OIDC access tokens. Must be present in the JWT payload with a non-empty value. Should match the broker's `sasl.oauthbearer.sub.claim.name` configuration for consistent authentication. Only used when `sasl.oauthbearer.method` is set to "oidc".
   * @defaultValue `sub`
   */
  'sasl.oauthbearer.sub.claim.name'?: string;
  /**
   * OAuth grant type to use when communicating with the identity provider.
   * @defaultValue `client_credentials`
   */
  'sasl.oauthbearer.grant.type'?: 'client_credentials' | 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  /**
   * Algorithm the client should use to sign the assertion sent to the identity provider and in the OAuth alg header in the JWT assertion.
   * @defaultValue `RS256`
   */
  'sasl.oauthbearer.assertion.algorithm'?: 'RS256' | 'ES256';
  /** Path to client's private key (PEM) used for authentication when using the JWT assertion. */
  'sasl.oauthbearer.assertion.private.key.file'?: string;
  /** Private key passphrase for `sasl.oauthbearer.assertion.private.key.file` or `sasl.oauthbearer.assertion.private.key.pem`. */
  'sasl.oauthbearer.assertion.private.key.passphrase'?: string;
  /** Client's private key (PEM) used for authentication when using the JWT assertion. */
  'sasl.oauthbearer.assertion.private.key.pem'?: string;
  /** Path to the assertion file. Only used when `sasl.oauthbearer.method` is set to "oidc" and JWT assertion is needed. */
  'sasl.oauthbearer.assertion.file'?: string;
  /** JWT audience claim. Only used when `sasl.oauthbearer.method` is set to "oidc" and JWT assertion is needed. */
  'sasl.oauthbearer.assertion.claim.aud'?: string;
  /**
   * Assertion expiration time in seconds. Only used when `sasl.oauthbearer.method` is set to "oidc" and JWT assertion is needed. Range: 1 to 2147483647.
   * @defaultValue `300`
   */
  'sasl.oauthbearer.assertion.claim.exp.seconds'?: number;
  /** JWT issuer claim. Only used when `sasl.oauthbearer.method` is set to "oidc" and JWT assertion is needed. */
  'sasl.oauthbearer.assertion.claim.iss'?: string;
  /**
   * JWT ID claim. When set to `true`, a random UUID is generated. Only used when `sasl.oauthbearer.method` is set to "oidc" and JWT assertion is needed.
   * @defaultValue `false`
   */
  'sasl.oauthbearer.assertion.claim.jti.include'?: boolean;
  /**
   * Assertion not before time in seconds. Only used when `sasl.oauthbearer.method` is set to "oidc" and JWT assertion is needed. Range: 0 to 2147483647.
   * @defaultValue `60`
   */
  'sasl.oauthbearer.assertion.claim.nbf.seconds'?: number;
  /** JWT subject claim. Only used when `sasl.oauthbearer.method` is set to "oidc" and JWT assertion is needed. */
  'sasl.oauthbearer.assertion.claim.sub'?: string;
  /** Path to the JWT template file. Only used when `sasl.oauthbearer.method` is set to "oidc" and JWT assertion is needed. */
  'sasl.oauthbearer.assertion.jwt.template.file'?: string;
  /**
   * Type of metadata-based authentication to use for OAUTHBEARER/OIDC `azure_imds` authenticates using the Azure IMDS endpoint. Sets a default value for `sasl.oauthbearer.token.endpoint.url` if missing. `aws_iam` indicates AWS IAM-based authentication using GetWebIdentityToken API. librdkafka does not implement the aws_iam token flow natively as of now. Configuration values specific of chosen authentication type can be passed through `sasl.oauthbearer.config`.
   * @defaultValue `none`
   */
  'sasl.oauthbearer.metadata.authentication.type'?: 'none' | 'azure_imds' | 'aws_iam';
  /** List of plugin libraries to load (; separated). The library search path is platform dependent (see dlopen(3) for Unix and LoadLibrary() for Windows). If no filename extension is specified the platform-specific extension (such as .dll or .so) will be appended automatically. */
  'plugin.library.paths'?: string;
  /** A rack identifier for this client. This can be any string value which indicates where this client is physically located. It corresponds with the broker config `broker.rack`. */
  'client.rack'?: string;
  /**
   * The backoff time in milliseconds before retrying a protocol request, this is the first backoff time, and will be backed off exponentially until number of retries is exhausted, and it's capped by retry.backoff.max.ms. Range: 1 to 300000.
   * @defaultValue `100`
   */
  'retry.backoff.ms'?: number;
  /**
   * The max backoff time in milliseconds before retrying a protocol request, this is the atmost backoff allowed for exponentially backed off requests. Range: 1 to 300000.
   * @defaultValue `1000`
   */
  'retry.backoff.max.ms'?: number;
  /**
   * Controls how the client uses DNS lookups. By default, when the lookup returns multiple IP addresses for a hostname, they will all be attempted for connection before the connection is considered failed. This applies to both bootstrap and advertised servers. If the value is set to `resolve_canonical_bootstrap_servers_only`, each entry will be resolved and expanded into a list of canonical names. **WARNING**: `resolve_canonical_bootstrap_servers_only` must only be used with `GSSAPI` (Kerberos) as `sasl.mechanism`, as it's the only purpose of this configuration value. **NOTE**: Default here is different from the Java client's default behavior, which connects only to the first IP address returned for a hostname.
   * @defaultValue `use_all_dns_ips`
   */
  'client.dns.lookup'?: 'use_all_dns_ips' | 'resolve_canonical_bootstrap_servers_only';
  /**
   * Whether to enable pushing of client metrics to the cluster, if the cluster has a client metrics subscription which matches this client
   * @defaultValue `false` here, `true` in librdkafka
   */
  'enable.metrics.push'?: boolean;
}

export interface ConsumerTopicConfig {
  /**
   * [**LEGACY PROPERTY:** This property is used by the simple legacy consumer only. When using the high-level KafkaConsumer, the global `enable.auto.commit` property must be used instead]. If true, periodically commit offset of the last message handed to the application. This committed offset will be used when the process restarts to pick up where it left off. If false, the application will have to call `rd_kafka_offset_store()` to store an offset (optional). Offsets will be written to broker or local file according to offset.store.method.
   * @defaultValue `true`
   * @deprecated by librdkafka
   */
  'auto.commit.enable'?: boolean;
  /**
   * Action to take when there is no initial offset in offset store or the desired offset is out of range: 'smallest','earliest' - automatically reset the offset to the smallest offset, 'largest','latest' - automatically reset the offset to the largest offset, 'error' - trigger an error (ERR__AUTO_OFFSET_RESET) which is retrieved by consuming messages and checking 'message->err'.
   * @defaultValue `largest`
   */
  'auto.offset.reset'?: 'smallest' | 'earliest' | 'beginning' | 'largest' | 'latest' | 'end' | 'error';
  /**
   * Path to local file for storing offsets. If the path is a directory a filename will be automatically generated in that directory based on the topic and partition. File-based offset storage will be removed in a future version.
   * @defaultValue `.`
   * @deprecated by librdkafka
   */
  'offset.store.path'?: string;
  /**
   * fsync() interval for the offset file, in milliseconds. Use -1 to disable syncing, and 0 for immediate sync after each write. File-based offset storage will be removed in a future version. Range: -1 to 86400000.
   * @defaultValue `-1`
   * @deprecated by librdkafka
   */
  'offset.store.sync.interval.ms'?: number;
  /**
   * Maximum number of messages to dispatch in one `rd_kafka_consume_callback*()` call (0 = unlimited). This property is not supported for share consumers. Range: 0 to 1000000.
   * @defaultValue `0`
   */
  'consume.callback.max.messages'?: number;
}

export interface ProducerTopicConfig {
  /**
   * This field indicates the number of acknowledgements the leader broker must receive from ISR brokers before responding to the request: *0*=Broker does not send any response/ack to client, *-1* or *all*=Broker will block until message is committed by all in sync replicas (ISRs). If there are less than `min.insync.replicas` (broker configuration) in the ISR set the produce request will fail. Range: -1 to 1000.
   * @defaultValue `-1`
   */
  'request.required.acks'?: number | 'all';
  /**
   * Alias for `request.required.acks`: This field indicates the number of acknowledgements the leader broker must receive from ISR brokers before responding to the request: *0*=Broker does not send any response/ack to client, *-1* or *all*=Broker will block until message is committed by all in sync replicas (ISRs). If there are less than `min.insync.replicas` (broker configuration) in the ISR set the produce request will fail. Range: -1 to 1000.
   * @defaultValue `-1`
   */
  acks?: number | 'all';
  /**
   * The ack timeout of the producer request in milliseconds. This value is only enforced by the broker and relies on `request.required.acks` being != 0. Range: 1 to 900000.
   * @defaultValue `30000`
   */
  'request.timeout.ms'?: number;
  /**
   * Local message timeout. This value is only enforced locally and limits the time a produced message waits for successful delivery. A time of 0 is infinite. This is the maximum time librdkafka may use to deliver a message (including retries). Delivery error occurs when either the retry count or the message timeout are exceeded. The message timeout is automatically adjusted to `transaction.timeout.ms` if `transactional.id` is configured. Range: 0 to 2147483647.
   * @defaultValue `300000`
   */
  'message.timeout.ms'?: number;
  /**
   * Alias for `message.timeout.ms`: Local message timeout. This value is only enforced locally and limits the time a produced message waits for successful delivery. A time of 0 is infinite. This is the maximum time librdkafka may use to deliver a message (including retries). Delivery error occurs when either the retry count or the message timeout are exceeded. The message timeout is automatically adjusted to `transaction.timeout.ms` if `transactional.id` is configured. Range: 0 to 2147483647.
   * @defaultValue `300000`
   */
  'delivery.timeout.ms'?: number;
  /**
   * **EXPERIMENTAL**: subject to change or removal. Producer queuing strategy. FIFO preserves produce ordering, while LIFO prioritizes new messages.
   * @defaultValue `fifo`
   * @deprecated by librdkafka
   */
  'queuing.strategy'?: 'fifo' | 'lifo';
  /**
   * No longer used.
   * @defaultValue `false`
   * @deprecated by librdkafka
   */
  'produce.offset.report'?: boolean;
  /**
   * Partitioner: `random` - random distribution, `consistent` - CRC32 hash of key (Empty and NULL keys are mapped to single partition), `consistent_random` - CRC32 hash of key (Empty and NULL keys are randomly partitioned), `murmur2` - Java Producer compatible Murmur2 hash of key (NULL keys are mapped to single partition), `murmur2_random` - Java Producer compatible Murmur2 hash of key (NULL keys are randomly partitioned. This is functionally equivalent to the default partitioner in the Java Producer.), `fnv1a` - FNV-1a hash of key (NULL keys are mapped to single partition), `fnv1a_random` - FNV-1a hash of key (NULL keys are randomly partitioned).
   * @defaultValue `murmur2_random` here, `consistent_random` in librdkafka
   */
  partitioner?: 'random' | 'consistent' | 'consistent_random' | 'murmur2' | 'murmur2_random' | 'fnv1a' | 'fnv1a_random';
  /**
   * Compression level parameter for algorithm selected by configuration property `compression.codec`. Higher values will result in better compression at the cost of more CPU usage. Usable range is algorithm-dependent: [0-9] for gzip; [0-12] for lz4; only 0 for snappy; -1 = codec-dependent default compression level. Range: -1 to 12.
   * @defaultValue `-1`
   */
  'compression.level'?: number;
}

/** Properties that only a consumer has. */
export interface ConsumerOnlyConfig extends ConsumerTopicConfig {
  /** Client group id string. All clients sharing the same group.id belong to the same group. */
  'group.id'?: string;
  /** Enable static group membership. Static group members are able to leave and rejoin a group within the configured `session.timeout.ms` without prompting a group rebalance. This should be used in combination with a larger `session.timeout.ms` to avoid group rebalances caused by transient unavailability (e.g. process restarts). Requires broker version >= 2.3.0. This property is not supported for share consumers. */
  'group.instance.id'?: string;
  /**
   * The name of one or more partition assignment strategies. The elected group leader will use a strategy supported by all members of the group to assign partitions to group members. If there is more than one eligible strategy, preference is determined by the order of this list (strategies earlier in the list have higher priority). Cooperative and non-cooperative (eager)strategies must not be mixed. `partition.assignment.strategy` is not supported for `group.protocol=consumer`. Use `group.remote.assignor` instead. Available strategies: range, roundrobin, cooperative-sticky.
   * @defaultValue `range,roundrobin`
   */
  'partition.assignment.strategy'?: Csv<'range' | 'roundrobin' | 'cooperative-sticky'>;
  /**
   * Client group session and failure detection timeout. The consumer sends periodic heartbeats (heartbeat.interval.ms) to indicate its liveness to the broker. If no hearts are received by the broker for a group member within the session timeout, the broker will remove the consumer from the group and trigger a rebalance. The allowed range is configured with the **broker** configuration properties `group.min.session.timeout.ms` and `group.max.session.timeout.ms`. `session.timeout.ms` is not supported for `group.protocol=consumer`. It is set with the broker configuration property `group.consumer.session.timeout.ms` by default or can be configured through the AdminClient IncrementalAlterConfigs API. The allowed range is configured with the broker configuration properties `group.consumer.min.session.timeout.ms` and `group.consumer.max.session.timeout.ms`. Also see `max.poll.interval.ms`. Range: 1 to 3600000.
   * @defaultValue `45000`
   */
  'session.timeout.ms'?: number;
  /**
   * Group session keepalive heartbeat interval. `heartbeat.interval.ms` is not supported for `group.protocol=consumer`. It is set with the broker configuration property `group.consumer.heartbeat.interval.ms` by default or can be configured through the AdminClient IncrementalAlterConfigs API. The allowed range is configured with the broker configuration properties `group.consumer.min.heartbeat.interval.ms` and `group.consumer.max.heartbeat.interval.ms`. Range: 1 to 3600000.
   * @defaultValue `3000`
   */
  'heartbeat.interval.ms'?: number;
  /**
   * Group protocol type for the `classic` group protocol. NOTE: Currently, the only supported group protocol type is `consumer`. `group.protocol.type` is not supported for `group.protocol=consumer`
   * @defaultValue `consumer`
   */
  'group.protocol.type'?: string;
  /**
   * Group protocol to use. Use `classic` for the original protocol and `consumer` for the new protocol introduced in KIP-848. Available protocols: classic or consumer. Default is `classic`, but will change to `consumer` in next releases.
   * @defaultValue `classic`
   */
  'group.protocol'?: 'classic' | 'consumer';
  /** Server side assignor to use. Keep it null to make server select a suitable assignor for the group. Available assignors: uniform or range. Default is null. This property is not supported for share consumers. */
  'group.remote.assignor'?: string;
  /**
   * How often to query for the current client group coordinator. If the currently assigned coordinator is down the configured query interval will be divided by ten to more quickly recover in case of coordinator reassignment. Range: 1 to 3600000.
   * @defaultValue `600000`
   */
  'coordinator.query.interval.ms'?: number;
  /**
   * Maximum allowed time between calls to consume messages (e.g., rd_kafka_consumer_poll()) for high-level consumers. If this interval is exceeded the consumer is considered failed and the group will rebalance in order to reassign the partitions to another consumer group member. Warning: Offset commits may be not possible at this point. Note: It is recommended to set `enable.auto.offset.store=false` for long-time processing applications and then explicitly store offsets (using offsets_store()) *after* message processing, to make sure offsets are not auto-committed prior to processing has finished. The interval is checked two times per second. See KIP-62 for more information. Range: 1 to 86400000.
   * @defaultValue `300000`
   */
  'max.poll.interval.ms'?: number;
  /**
   * Automatically and periodically commit offsets in the background. Note: setting this to false does not prevent the consumer from fetching previously committed start offsets. To circumvent this behaviour set specific start offsets per partition in the call to assign().
   * @defaultValue `false` here, `true` in librdkafka
   */
  'enable.auto.commit'?: boolean;
  /**
   * The frequency in milliseconds that the consumer offsets are committed (written) to offset storage. (0 = disable). This setting is used by the high-level consumer. This property is ignored for share consumers. Range: 0 to 86400000.
   * @defaultValue `5000`
   */
  'auto.commit.interval.ms'?: number;
  /**
   * Automatically store offset of last message provided to application. The offset store is an in-memory store of the next offset to (auto-)commit for each partition.
   * @defaultValue `false` here, `true` in librdkafka
   */
  'enable.auto.offset.store'?: false;
  /**
   * Minimum number of messages per topic+partition librdkafka tries to maintain in the local consumer queue. This property is not supported for share consumers. Range: 1 to 10000000.
   * @defaultValue `100000` here, `100000` in librdkafka
   */
  'queued.min.messages'?: number;
  /**
   * Maximum number of kilobytes of queued pre-fetched messages in the local consumer queue. If using the high-level consumer this setting applies to the single consumer queue, regardless of the number of partitions. When using the legacy simple consumer or when separate partition queues are used this setting applies per partition. This value may be overshot by fetch.message.max.bytes. This property has higher priority than queued.min.messages. This property is not supported for share consumers. Range: 1 to 2097151.
   * @defaultValue `16384` here, `65536` in librdkafka
   */
  'queued.max.messages.kbytes'?: number;
  /**
   * Maximum time the broker may wait to fill the Fetch response with fetch.min.bytes of messages. Range: 0 to 300000.
   * @defaultValue `500`
   */
  'fetch.wait.max.ms'?: number;
  /**
   * How long to postpone the next fetch request for a topic+partition in case the current fetch queue thresholds (queued.min.messages or queued.max.messages.kbytes) have been exceded. This property may need to be decreased if the queue thresholds are set low and the application is experiencing long (~1s) delays between messages. Low values may increase CPU utilization. This property is not supported for share consumers. Range: 0 to 300000.
   * @defaultValue `20` here, `1000` in librdkafka
   */
  'fetch.queue.backoff.ms'?: number;
  /**
   * Initial maximum number of bytes per topic+partition to request when fetching messages from the broker. If the client encounters a message larger than this value it will gradually try to increase it until the entire message can be fetched. This property is ignored for share consumers. Range: 1 to 1000000000.
   * @defaultValue `1048576`
   */
  'fetch.message.max.bytes'?: number;
  /**
   * Alias for `fetch.message.max.bytes`: Initial maximum number of bytes per topic+partition to request when fetching messages from the broker. If the client encounters a message larger than this value it will gradually try to increase it until the entire message can be fetched. This property is ignored for share consumers. Range: 1 to 1000000000.
   * @defaultValue `1048576`
   */
  'max.partition.fetch.bytes'?: number;
  /**
   * Maximum amount of data the broker shall return for a Fetch request. Messages are fetched in batches by the consumer and if the first message batch in the first non-empty partition of the Fetch request is larger than this value, then the message batch will still be returned to ensure the consumer can make progress. The maximum message batch size accepted by the broker is defined via `message.max.bytes` (broker config) or `max.message.bytes` (broker topic config). For regular (not share) consumers, `fetch.max.bytes` is automatically adjusted upwards to be at least `message.max.bytes` (consumer config). Range: 0 to 2147483135.
   * @defaultValue `52428800`
   */
  'fetch.max.bytes'?: number;
  /**
   * Minimum number of bytes the broker responds with. If fetch.wait.max.ms expires the accumulated data will be sent to the client regardless of this setting. For regular consumers, this value must be in range 1..100000000 Range: 0 to 2147483647.
   * @defaultValue `1`
   */
  'fetch.min.bytes'?: number;
  /**
   * How long to postpone the next fetch request for a topic+partition in case of a fetch error. This property is not supported for share consumers. Range: 0 to 300000.
   * @defaultValue `500`
   */
  'fetch.error.backoff.ms'?: number;
  /**
   * Offset commit store method: 'file' - DEPRECATED: local file store (offset.store.path, et.al), 'broker' - broker commit store (requires Apache Kafka 0.8.2 or later on the broker).
   * @defaultValue `broker`
   * @deprecated by librdkafka
   */
  'offset.store.method'?: 'none' | 'file' | 'broker';
  /**
   * Controls how to read messages written transactionally: `read_committed` - only return transactional messages which have been committed. `read_uncommitted` - return all messages, even transactional messages which have been aborted. This property is not supported for share consumers.
   * @defaultValue `read_committed`
   */
  'isolation.level'?: 'read_uncommitted' | 'read_committed';
  /**
   * Emit RD_KAFKA_RESP_ERR__PARTITION_EOF event whenever the consumer reaches the end of a partition. This property is not supported for share consumers.
   * @defaultValue `true` here, `false` in librdkafka
   */
  'enable.partition.eof'?: true;
  /**
   * Verify CRC32 of consumed messages, ensuring no on-the-wire or on-disk corruption to the messages occurred. This check comes at slightly increased CPU usage.
   * @defaultValue `true` here, `false` in librdkafka
   */
  'check.crcs'?: boolean;
}

/** Properties that only a producer has. */
export interface ProducerOnlyConfig extends ProducerTopicConfig {
  /** Enables the transactional producer. The transactional.id is used to identify the same transactional producer instance across process restarts. It allows the producer to guarantee that transactions corresponding to earlier instances of the same producer have been finalized prior to starting any new transactions, and that any zombie instances are fenced off. If no transactional.id is provided, then the producer is limited to idempotent delivery (if enable.idempotence is set). Requires broker version >= 0.11.0. */
  'transactional.id'?: string;
  /**
   * The maximum amount of time in milliseconds that the transaction coordinator will wait for a transaction status update from the producer before proactively aborting the ongoing transaction. If this value is larger than the `transaction.max.timeout.ms` setting in the broker, the init_transactions() call will fail with ERR_INVALID_TRANSACTION_TIMEOUT. The transaction timeout automatically adjusts `message.timeout.ms` and `socket.timeout.ms`, unless explicitly configured in which case they must not exceed the transaction timeout (`socket.timeout.ms` must be at least 100ms lower than `transaction.timeout.ms`). This is also the default timeout value if no timeout (-1) is supplied to the transactional API methods. Range: 1000 to 2147483647.
   * @defaultValue `60000`
   */
  'transaction.timeout.ms'?: number;
  /**
   * When set to `true`, the producer will ensure that messages are successfully produced exactly once and in the original produce order. The following configuration properties are adjusted automatically (if not modified by the user) when idempotence is enabled: `max.in.flight.requests.per.connection=5` (must be less than or equal to 5), `retries=INT32_MAX` (must be greater than 0), `acks=all`, `queuing.strategy=fifo`. Producer instantation will fail if user-supplied configuration is incompatible.
   * @defaultValue `false`
   */
  'enable.idempotence'?: boolean;
  /**
   * **EXPERIMENTAL**: subject to change or removal. When set to `true`, any error that could result in a gap in the produced message series when a batch of messages fails, will raise a fatal error (ERR__GAPLESS_GUARANTEE) and stop the producer. Messages failing due to `message.timeout.ms` are not covered by this guarantee. Requires `enable.idempotence=true`.
   * @defaultValue `false`
   */
  'enable.gapless.guarantee'?: boolean;
  /**
   * Maximum number of messages allowed on the producer queue. This queue is shared by all topics and partitions. A value of 0 disables this limit. Range: 0 to 2147483647.
   * @defaultValue `100000`
   */
  'queue.buffering.max.messages'?: number;
  /**
   * Maximum total message size sum allowed on the producer queue. This queue is shared by all topics and partitions. This property has higher priority than queue.buffering.max.messages. Range: 1 to 2147483647.
   * @defaultValue `1048576`
   */
  'queue.buffering.max.kbytes'?: number;
  /**
   * Delay in milliseconds to wait for messages in the producer queue to accumulate before constructing message batches (MessageSets) to transmit to brokers. A higher value allows larger and more effective (less overhead, improved compression) batches of messages to accumulate at the expense of increased message delivery latency. Range: 0 to 900000.
   * @defaultValue `5`
   */
  'queue.buffering.max.ms'?: number;
  /**
   * Alias for `queue.buffering.max.ms`: Delay in milliseconds to wait for messages in the producer queue to accumulate before constructing message batches (MessageSets) to transmit to brokers. A higher value allows larger and more effective (less overhead, improved compression) batches of messages to accumulate at the expense of increased message delivery latency. Range: 0 to 900000.
   * @defaultValue `5`
   */
  'linger.ms'?: number;
  /**
   * How many times to retry sending a failing Message. **Note:** retrying may cause reordering unless `enable.idempotence` is set to true. Range: 0 to 2147483647.
   * @defaultValue `2147483647`
   */
  'message.send.max.retries'?: number;
  /**
   * Alias for `message.send.max.retries`: How many times to retry sending a failing Message. **Note:** retrying may cause reordering unless `enable.idempotence` is set to true. Range: 0 to 2147483647.
   * @defaultValue `2147483647`
   */
  retries?: number;
  /**
   * The threshold of outstanding not yet transmitted broker requests needed to backpressure the producer's message accumulator. If the number of not yet transmitted requests equals or exceeds this number, produce request creation that would have otherwise been triggered (for example, in accordance with linger.ms) will be delayed. A lower number yields larger and more effective batches. A higher value can improve latency when using compression on slow machines. Range: 1 to 1000000.
   * @defaultValue `1`
   */
  'queue.buffering.backpressure.threshold'?: number;
  /**
   * compression codec to use for compressing message sets. This is the default value for all topics, may be overridden by the topic configuration property `compression.codec`.
   * @defaultValue `none`
   */
  'compression.codec'?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  /**
   * Alias for `compression.codec`: compression codec to use for compressing message sets. This is the default value for all topics, may be overridden by the topic configuration property `compression.codec`.
   * @defaultValue `none`
   */
  'compression.type'?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  /**
   * Maximum number of messages batched in one MessageSet. The total MessageSet size is also limited by batch.size and message.max.bytes. Range: 1 to 1000000.
   * @defaultValue `10000`
   */
  'batch.num.messages'?: number;
  /**
   * Maximum size (in bytes) of all messages batched in one MessageSet, including protocol framing overhead. This limit is applied after the first message has been added to the batch, regardless of the first message's size, this is to ensure that messages that exceed batch.size are produced. The total MessageSet size is also limited by batch.num.messages and message.max.bytes. Range: 1 to 2147483647.
   * @defaultValue `1000000`
   */
  'batch.size'?: number;
  /**
   * Delay in milliseconds to wait to assign new sticky partitions for each topic. By default, set to double the time of linger.ms. To disable sticky behavior, set to 0. This behavior affects messages with the key NULL in all cases, and messages with key lengths of zero when the consistent_random partitioner is in use. These messages would otherwise be assigned randomly. A higher value allows for more effective batching of these messages. Range: 0 to 900000.
   * @defaultValue `10`
   */
  'sticky.partitioning.linger.ms'?: number;
}

type None<T> = { [K in keyof T]?: never };

/** Configuration of a consumer: librdkafka's own keys. */
export interface ConsumerConfig extends GlobalConfig, ConsumerOnlyConfig, None<ProducerOnlyConfig> {
  /** Topic properties, as older clients nest them; the same as giving them directly. */
  'default.topic.config'?: ConsumerTopicConfig;
}

/** Configuration of a producer: librdkafka's own keys. */
export interface ProducerConfig extends GlobalConfig, ProducerOnlyConfig, None<ConsumerOnlyConfig> {
  /** Topic properties, as older clients nest them; the same as giving them directly. */
  'default.topic.config'?: ProducerTopicConfig;
}

/** Configuration of an admin client: librdkafka's own keys. */
export interface AdminConfig extends GlobalConfig, None<ConsumerOnlyConfig>, None<ProducerOnlyConfig> {}

/** `*`: every client, `C`: consumers, `P`: producers. */
export type ConfigScope = '*' | 'C' | 'P';

export interface ConfigProperty {
  /** `csv`: free values, `flags`: values of a closed set, both separated by commas. */
  readonly type: 'string' | 'int' | 'float' | 'bool' | 'enum' | 'flags' | 'csv';
  readonly scope: ConfigScope;
  readonly min?: number;
  readonly max?: number;
  /** Allowed values; of a number, words allowed beside it. */
  readonly values?: readonly string[];
  /** librdkafka's default. */
  readonly default?: string | number | boolean;
  /** Another name for this key. */
  readonly alias?: string;
  readonly deprecated?: true;
}

/** The librdkafka these files were generated from. */
export const generatedFrom = '2.15.1';

/** What is set when the configuration does not say. */
export const clientDefaults: Readonly<Record<string, string | number | boolean>> = {
  'enable.metrics.push': false,
  'check.crcs': true,
  'enable.auto.commit': false,
  'enable.auto.offset.store': false,
  'enable.partition.eof': true,
  'queued.max.messages.kbytes': 16384,
  'queued.min.messages': 100000,
  'fetch.queue.backoff.ms': 20,
  partitioner: 'murmur2_random',
};

/** Keys that librdkafka has and this library does not offer. */
export const unavailableKeys: readonly string[] = [
  'builtin.features',
  'enabled_events',
  'error_cb',
  'throttle_cb',
  'stats_cb',
  'log_cb',
  'log.queue',
  'background_event_cb',
  'socket_cb',
  'connect_cb',
  'closesocket_cb',
  'open_cb',
  'resolve_cb',
  'opaque',
  'default_topic_conf',
  'internal.termination.signal',
  'ssl_key',
  'ssl_certificate',
  'ssl_ca',
  'ssl_engine_callback_data',
  'ssl.certificate.verify_cb',
  'oauthbearer_token_refresh_cb',
  'interceptors',
  'consume_cb',
  'rebalance_cb',
  'offset_commit_cb',
  'max.poll.records',
  'share.acknowledgement.mode',
  'delivery.report.only.error',
  'dr_cb',
  'dr_msg_cb',
  'partitioner_cb',
  'msg_order_cmp',
];

export const configProperties: Readonly<Record<string, ConfigProperty>> = {
  'client.id': { type: 'string', scope: '*', default: 'rdkafka' },
  'metadata.broker.list': { type: 'csv', scope: '*' },
  'bootstrap.servers': { type: 'csv', scope: '*', alias: 'metadata.broker.list' },
  'message.max.bytes': { type: 'int', scope: '*', min: 1000, max: 1000000000, default: 1000000 },
  'message.copy.max.bytes': { type: 'int', scope: '*', min: 0, max: 1000000000, default: 65535 },
  'receive.message.max.bytes': { type: 'int', scope: '*', min: 1000, max: 2147483647, default: 100000000 },
  'max.in.flight.requests.per.connection': { type: 'int', scope: '*', min: 1, max: 1000000, default: 1000000 },
  'max.in.flight': { type: 'int', scope: '*', min: 1, max: 1000000, default: 1000000, alias: 'max.in.flight.requests.per.connection' },
  'metadata.recovery.strategy': { type: 'enum', scope: '*', values: ['none', 'rebootstrap'], default: 'rebootstrap' },
  'metadata.recovery.rebootstrap.trigger.ms': { type: 'int', scope: '*', min: 0, max: 2147483647, default: 300000 },
  'topic.metadata.refresh.interval.ms': { type: 'int', scope: '*', min: -1, max: 3600000, default: 300000 },
  'metadata.max.age.ms': { type: 'int', scope: '*', min: 1, max: 86400000, default: 900000 },
  'topic.metadata.refresh.fast.interval.ms': { type: 'int', scope: '*', min: 1, max: 60000, default: 100 },
  'topic.metadata.refresh.fast.cnt': { type: 'int', scope: '*', min: 0, max: 1000, default: 10, deprecated: true },
  'topic.metadata.refresh.sparse': { type: 'bool', scope: '*', default: true },
  'topic.metadata.propagation.max.ms': { type: 'int', scope: '*', min: 0, max: 3600000, default: 30000 },
  'topic.blacklist': { type: 'csv', scope: '*' },
  debug: { type: 'flags', scope: '*', values: ['generic', 'broker', 'topic', 'metadata', 'feature', 'queue', 'msg', 'protocol', 'cgrp', 'security', 'fetch', 'interceptor', 'plugin', 'consumer', 'admin', 'eos', 'mock', 'assignor', 'conf', 'telemetry', 'all'] },
  'socket.timeout.ms': { type: 'int', scope: '*', min: 10, max: 300000, default: 60000 },
  'socket.blocking.max.ms': { type: 'int', scope: '*', min: 1, max: 60000, default: 1000, deprecated: true },
  'socket.send.buffer.bytes': { type: 'int', scope: '*', min: 0, max: 100000000, default: 0 },
  'socket.receive.buffer.bytes': { type: 'int', scope: '*', min: 0, max: 100000000, default: 0 },
  'socket.keepalive.enable': { type: 'bool', scope: '*', default: false },
  'socket.nagle.disable': { type: 'bool', scope: '*', default: true },
  'socket.max.fails': { type: 'int', scope: '*', min: 0, max: 1000000, default: 1 },
  'broker.address.ttl': { type: 'int', scope: '*', min: 0, max: 86400000, default: 1000 },
  'broker.address.family': { type: 'enum', scope: '*', values: ['any', 'v4', 'v6'], default: 'any' },
  'socket.connection.setup.timeout.ms': { type: 'int', scope: '*', min: 1000, max: 2147483647, default: 30000 },
  'connections.max.idle.ms': { type: 'int', scope: '*', min: 0, max: 2147483647, default: 0 },
  'reconnect.backoff.jitter.ms': { type: 'int', scope: '*', min: 0, max: 3600000, default: 0, deprecated: true },
  'reconnect.backoff.ms': { type: 'int', scope: '*', min: 0, max: 3600000, default: 100 },
  'reconnect.backoff.max.ms': { type: 'int', scope: '*', min: 0, max: 3600000, default: 10000 },
  'statistics.interval.ms': { type: 'int', scope: '*', min: 0, max: 86400000, default: 0 },
  log_level: { type: 'int', scope: '*', min: 0, max: 7, default: 6 },
  'log.thread.name': { type: 'bool', scope: '*', default: true },
  'enable.random.seed': { type: 'bool', scope: '*', default: true },
  'log.connection.close': { type: 'bool', scope: '*', default: true },
  'api.version.request': { type: 'bool', scope: '*', default: true, deprecated: true },
  'api.version.request.timeout.ms': { type: 'int', scope: '*', min: 1, max: 300000, default: 10000 },
  'api.version.fallback.ms': { type: 'int', scope: '*', min: 0, max: 604800000, default: 0, deprecated: true },
  'broker.version.fallback': { type: 'string', scope: '*', default: '0.10.0', deprecated: true },
  'allow.auto.create.topics': { type: 'bool', scope: '*', default: false },
  'security.protocol': { type: 'enum', scope: '*', values: ['plaintext', 'ssl', 'sasl_plaintext', 'sasl_ssl'], default: 'plaintext' },
  'ssl.cipher.suites': { type: 'string', scope: '*' },
  'ssl.curves.list': { type: 'string', scope: '*' },
  'ssl.sigalgs.list': { type: 'string', scope: '*' },
  'ssl.key.location': { type: 'string', scope: '*' },
  'ssl.key.password': { type: 'string', scope: '*' },
  'ssl.key.pem': { type: 'string', scope: '*' },
  'ssl.certificate.location': { type: 'string', scope: '*' },
  'ssl.certificate.pem': { type: 'string', scope: '*' },
  'ssl.ca.location': { type: 'string', scope: '*' },
  'https.ca.location': { type: 'string', scope: '*' },
  'https.ca.pem': { type: 'string', scope: '*' },
  'ssl.ca.pem': { type: 'string', scope: '*' },
  'ssl.ca.certificate.stores': { type: 'csv', scope: '*', default: 'Root' },
  'ssl.crl.location': { type: 'string', scope: '*' },
  'ssl.keystore.location': { type: 'string', scope: '*' },
  'ssl.keystore.password': { type: 'string', scope: '*' },
  'ssl.providers': { type: 'csv', scope: '*' },
  'ssl.engine.location': { type: 'string', scope: '*', deprecated: true },
  'ssl.engine.id': { type: 'string', scope: '*', default: 'dynamic' },
  'enable.ssl.certificate.verification': { type: 'bool', scope: '*', default: true },
  'ssl.endpoint.identification.algorithm': { type: 'enum', scope: '*', values: ['none', 'https'], default: 'https' },
  'sasl.mechanisms': { type: 'enum', scope: '*', values: ['GSSAPI', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'], default: 'GSSAPI' },
  'sasl.mechanism': { type: 'enum', scope: '*', values: ['GSSAPI', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'], default: 'GSSAPI', alias: 'sasl.mechanisms' },
  'sasl.kerberos.service.name': { type: 'string', scope: '*', default: 'kafka' },
  'sasl.kerberos.principal': { type: 'string', scope: '*', default: 'kafkaclient' },
  'sasl.kerberos.kinit.cmd': { type: 'string', scope: '*', default: 'kinit -R -t "%{sasl.kerberos.keytab}" -k %{sasl.kerberos.principal} || kinit -t "%{sasl.kerberos.keytab}" -k %{sasl.kerberos.principal}' },
  'sasl.kerberos.keytab': { type: 'string', scope: '*' },
  'sasl.kerberos.min.time.before.relogin': { type: 'int', scope: '*', min: 0, max: 86400000, default: 60000 },
  'sasl.username': { type: 'string', scope: '*' },
  'sasl.password': { type: 'string', scope: '*' },
  'sasl.oauthbearer.config': { type: 'string', scope: '*' },
  'enable.sasl.oauthbearer.unsecure.jwt': { type: 'bool', scope: '*', default: false },
  'sasl.oauthbearer.method': { type: 'enum', scope: '*', values: ['default', 'oidc'], default: 'default' },
  'sasl.oauthbearer.client.id': { type: 'string', scope: '*' },
  'sasl.oauthbearer.client.credentials.client.id': { type: 'string', scope: '*', alias: 'sasl.oauthbearer.client.id' },
  'sasl.oauthbearer.client.credentials.client.secret': { type: 'string', scope: '*', alias: 'sasl.oauthbearer.client.secret' },
  'sasl.oauthbearer.client.secret': { type: 'string', scope: '*' },
  'sasl.oauthbearer.scope': { type: 'string', scope: '*' },
  'sasl.oauthbearer.extensions': { type: 'csv', scope: '*' },
  'sasl.oauthbearer.token.endpoint.url': { type: 'string', scope: '*' },
  'sasl.oauthbearer.sub.claim.name': { type: 'string', scope: '*', default: 'sub' },
  'sasl.oauthbearer.grant.type': { type: 'enum', scope: '*', values: ['client_credentials', 'urn:ietf:params:oauth:grant-type:jwt-bearer'], default: 'client_credentials' },
  'sasl.oauthbearer.assertion.algorithm': { type: 'enum', scope: '*', values: ['RS256', 'ES256'], default: 'RS256' },
  'sasl.oauthbearer.assertion.private.key.file': { type: 'string', scope: '*' },
  'sasl.oauthbearer.assertion.private.key.passphrase': { type: 'string', scope: '*' },
  'sasl.oauthbearer.assertion.private.key.pem': { type: 'string', scope: '*' },
  'sasl.oauthbearer.assertion.file': { type: 'string', scope: '*' },
  'sasl.oauthbearer.assertion.claim.aud': { type: 'string', scope: '*' },
  'sasl.oauthbearer.assertion.claim.exp.seconds': { type: 'int', scope: '*', min: 1, max: 2147483647, default: 300 },
  'sasl.oauthbearer.assertion.claim.iss': { type: 'string', scope: '*' },
  'sasl.oauthbearer.assertion.claim.jti.include': { type: 'bool', scope: '*', default: false },
  'sasl.oauthbearer.assertion.claim.nbf.seconds': { type: 'int', scope: '*', min: 0, max: 2147483647, default: 60 },
  'sasl.oauthbearer.assertion.claim.sub': { type: 'string', scope: '*' },
  'sasl.oauthbearer.assertion.jwt.template.file': { type: 'string', scope: '*' },
  'sasl.oauthbearer.metadata.authentication.type': { type: 'enum', scope: '*', values: ['none', 'azure_imds', 'aws_iam'], default: 'none' },
  'plugin.library.paths': { type: 'string', scope: '*' },
  'group.id': { type: 'string', scope: 'C' },
  'group.instance.id': { type: 'string', scope: 'C' },
  'partition.assignment.strategy': { type: 'flags', scope: 'C', values: ['range', 'roundrobin', 'cooperative-sticky'], default: 'range,roundrobin' },
  'session.timeout.ms': { type: 'int', scope: 'C', min: 1, max: 3600000, default: 45000 },
  'heartbeat.interval.ms': { type: 'int', scope: 'C', min: 1, max: 3600000, default: 3000 },
  'group.protocol.type': { type: 'string', scope: 'C', default: 'consumer' },
  'group.protocol': { type: 'enum', scope: 'C', values: ['classic', 'consumer'], default: 'classic' },
  'group.remote.assignor': { type: 'string', scope: 'C' },
  'coordinator.query.interval.ms': { type: 'int', scope: 'C', min: 1, max: 3600000, default: 600000 },
  'max.poll.interval.ms': { type: 'int', scope: 'C', min: 1, max: 86400000, default: 300000 },
  'enable.auto.commit': { type: 'bool', scope: 'C', default: true },
  'auto.commit.interval.ms': { type: 'int', scope: 'C', min: 0, max: 86400000, default: 5000 },
  'enable.auto.offset.store': { type: 'bool', scope: 'C', default: true },
  'queued.min.messages': { type: 'int', scope: 'C', min: 1, max: 10000000, default: 100000 },
  'queued.max.messages.kbytes': { type: 'int', scope: 'C', min: 1, max: 2097151, default: 65536 },
  'fetch.wait.max.ms': { type: 'int', scope: 'C', min: 0, max: 300000, default: 500 },
  'fetch.queue.backoff.ms': { type: 'int', scope: 'C', min: 0, max: 300000, default: 1000 },
  'fetch.message.max.bytes': { type: 'int', scope: 'C', min: 1, max: 1000000000, default: 1048576 },
  'max.partition.fetch.bytes': { type: 'int', scope: 'C', min: 1, max: 1000000000, default: 1048576, alias: 'fetch.message.max.bytes' },
  'fetch.max.bytes': { type: 'int', scope: 'C', min: 0, max: 2147483135, default: 52428800 },
  'fetch.min.bytes': { type: 'int', scope: 'C', min: 0, max: 2147483647, default: 1 },
  'fetch.error.backoff.ms': { type: 'int', scope: 'C', min: 0, max: 300000, default: 500 },
  'offset.store.method': { type: 'enum', scope: 'C', values: ['none', 'file', 'broker'], default: 'broker', deprecated: true },
  'isolation.level': { type: 'enum', scope: 'C', values: ['read_uncommitted', 'read_committed'], default: 'read_committed' },
  'enable.partition.eof': { type: 'bool', scope: 'C', default: false },
  'check.crcs': { type: 'bool', scope: 'C', default: false },
  'client.rack': { type: 'string', scope: '*' },
  'transactional.id': { type: 'string', scope: 'P' },
  'transaction.timeout.ms': { type: 'int', scope: 'P', min: 1000, max: 2147483647, default: 60000 },
  'enable.idempotence': { type: 'bool', scope: 'P', default: false },
  'enable.gapless.guarantee': { type: 'bool', scope: 'P', default: false },
  'queue.buffering.max.messages': { type: 'int', scope: 'P', min: 0, max: 2147483647, default: 100000 },
  'queue.buffering.max.kbytes': { type: 'int', scope: 'P', min: 1, max: 2147483647, default: 1048576 },
  'queue.buffering.max.ms': { type: 'float', scope: 'P', min: 0, max: 900000, default: 5 },
  'linger.ms': { type: 'float', scope: 'P', min: 0, max: 900000, default: 5, alias: 'queue.buffering.max.ms' },
  'message.send.max.retries': { type: 'int', scope: 'P', min: 0, max: 2147483647, default: 2147483647 },
  retries: { type: 'int', scope: 'P', min: 0, max: 2147483647, default: 2147483647, alias: 'message.send.max.retries' },
  'retry.backoff.ms': { type: 'int', scope: '*', min: 1, max: 300000, default: 100 },
  'retry.backoff.max.ms': { type: 'int', scope: '*', min: 1, max: 300000, default: 1000 },
  'queue.buffering.backpressure.threshold': { type: 'int', scope: 'P', min: 1, max: 1000000, default: 1 },
  'compression.codec': { type: 'enum', scope: 'P', values: ['none', 'gzip', 'snappy', 'lz4', 'zstd'], default: 'none' },
  'compression.type': { type: 'enum', scope: 'P', values: ['none', 'gzip', 'snappy', 'lz4', 'zstd'], default: 'none', alias: 'compression.codec' },
  'batch.num.messages': { type: 'int', scope: 'P', min: 1, max: 1000000, default: 10000 },
  'batch.size': { type: 'int', scope: 'P', min: 1, max: 2147483647, default: 1000000 },
  'sticky.partitioning.linger.ms': { type: 'int', scope: 'P', min: 0, max: 900000, default: 10 },
  'client.dns.lookup': { type: 'enum', scope: '*', values: ['use_all_dns_ips', 'resolve_canonical_bootstrap_servers_only'], default: 'use_all_dns_ips' },
  'enable.metrics.push': { type: 'bool', scope: '*', default: true },
  'request.required.acks': { type: 'int', scope: 'P', min: -1, max: 1000, values: ['all'], default: -1 },
  acks: { type: 'int', scope: 'P', min: -1, max: 1000, values: ['all'], default: -1, alias: 'request.required.acks' },
  'request.timeout.ms': { type: 'int', scope: 'P', min: 1, max: 900000, default: 30000 },
  'message.timeout.ms': { type: 'int', scope: 'P', min: 0, max: 2147483647, default: 300000 },
  'delivery.timeout.ms': { type: 'int', scope: 'P', min: 0, max: 2147483647, default: 300000, alias: 'message.timeout.ms' },
  'queuing.strategy': { type: 'enum', scope: 'P', values: ['fifo', 'lifo'], default: 'fifo', deprecated: true },
  'produce.offset.report': { type: 'bool', scope: 'P', default: false, deprecated: true },
  partitioner: { type: 'enum', scope: 'P', values: ['random', 'consistent', 'consistent_random', 'murmur2', 'murmur2_random', 'fnv1a', 'fnv1a_random'], default: 'consistent_random' },
  'compression.level': { type: 'int', scope: 'P', min: -1, max: 12, default: -1 },
  'auto.commit.enable': { type: 'bool', scope: 'C', default: true, deprecated: true },
  'auto.offset.reset': { type: 'enum', scope: 'C', values: ['smallest', 'earliest', 'beginning', 'largest', 'latest', 'end', 'error'], default: 'largest' },
  'offset.store.path': { type: 'string', scope: 'C', default: '.', deprecated: true },
  'offset.store.sync.interval.ms': { type: 'int', scope: 'C', min: -1, max: 86400000, default: -1, deprecated: true },
  'consume.callback.max.messages': { type: 'int', scope: 'C', min: 0, max: 1000000, default: 0 },
};
