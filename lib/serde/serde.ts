/** Message headers in the order they were written. A name may appear more than once; a value may be null. */
export type MessageHeaders = ReadonlyArray<readonly [name: string, value: Buffer | null]>;

/** Where the data being (de)serialized belongs. */
export interface SerdeContext {
  readonly topic: string;
  readonly field: 'key' | 'value';
  /** Headers of the same message. Absent when there are none or they were not fetched. */
  readonly headers?: MessageHeaders | undefined;
}

/**
 * Turns application data into bytes. A string is written as UTF-8 straight into the outgoing batch, without a Buffer
 * in between. `null` and `undefined` keys and `null` values (tombstones) never reach a serializer: they are sent as
 * null. Whatever it throws becomes the cause of a {@link ProduceError} (`ERR_KAFKA_CLIENT_ENCODE`), which rejects the `send`
 * of that one record, or all of its `sendBatch`, of which then nothing is sent.
 */
export type Serializer<T> =
  | { readonly async?: false; serialize(data: T, context: SerdeContext): Uint8Array | string | null }
  | AsyncSerializer<T>;

/** A serializer that answers later. The order of the sends is kept. */
export interface AsyncSerializer<T> {
  readonly async: true;
  serialize(data: T, context: SerdeContext): Promise<Uint8Array | string | null>;
}

/**
 * Turns bytes into application data.
 *
 * - A null key never reaches a deserializer: `message.key` is `null`.
 * - A null value (a tombstone) does, as `null`. The deserializer says what it is: `json<Order>()` and `utf8` refuse it
 *   with a {@link DecodeError}, so that `message.value` can honestly be an `Order`; wrap them in {@link nullable} to
 *   read topics that have tombstones.
 * - `data` is a view on memory shared by the whole batch: copy what is kept for long.
 * - Whatever it throws becomes the cause of a {@link DecodeError} that has the topic, partition, offset and raw bytes.
 */
export interface SyncDeserializer<T> {
  readonly async?: false;
  deserialize(data: Buffer | null, context: SerdeContext): T;
  /**
   * Fast path. When every value of a batch is ASCII the batch is turned into one string, and this gets its part of it
   * instead of bytes. Must give exactly what `deserialize` gives for the same bytes. Never called for null.
   */
  fromAscii?(text: string, context: SerdeContext): T;
}

/** A deserializer that answers later (a schema registry, say). It is awaited batch by batch; the order is kept. */
export interface AsyncDeserializer<T> {
  readonly async: true;
  deserialize(data: Buffer | null, context: SerdeContext): Promise<T>;
  readonly fromAscii?: undefined;
}

export type Deserializer<T> = SyncDeserializer<T> | AsyncDeserializer<T>;

/** Both directions in one object. All built-ins are synchronous. */
export interface Serde<T> extends SyncDeserializer<T> {
  serialize(data: T, context: SerdeContext): Uint8Array | string | null;
}
