/** Message headers in written order. Names may repeat; values may be null. */
export type MessageHeaders = ReadonlyArray<readonly [name: string, value: Buffer | null]>;

/** The record field that is being (de)serialized. */
export interface SerdeContext {
  readonly topic: string;
  readonly field: 'key' | 'value';
  /** Headers of the same message. Absent without headers, or when the consumer does not fetch them. */
  readonly headers?: MessageHeaders | undefined;
}

/**
 * Turns application data into bytes. A string is written as UTF-8 straight into the outgoing batch, without an intermediate
 * Buffer. `null` and `undefined` keys and `null` values (tombstones) bypass the serializer and are sent as null. An error it
 * throws becomes the cause of a {@link ProduceError} (`ERR_KAFKA_CLIENT_ENCODE`). That error rejects the `send` of the record, or
 * its whole `sendBatch`, which then sends nothing.
 */
export type Serializer<T> =
  | { readonly async?: false; serialize(data: T, context: SerdeContext): Uint8Array | string | null }
  | AsyncSerializer<T>;

/** An asynchronous serializer. Sends keep their order. */
export interface AsyncSerializer<T> {
  readonly async: true;
  serialize(data: T, context: SerdeContext): Promise<Uint8Array | string | null>;
}

/**
 * Turns bytes into application data.
 *
 * - A null key bypasses the deserializer: `message.key` is `null`.
 * - A null value (a tombstone) reaches the deserializer as `null`. `json<Order>()` and `utf8` reject it with a
 *   {@link DecodeError}, so that the type of `message.value` is `Order`; wrap them in {@link nullable} to read topics with
 *   tombstones.
 * - `data` is a view over memory shared by the whole batch: copy data that you keep.
 * - An error it throws becomes the cause of a {@link DecodeError} with the topic, partition, offset and raw bytes.
 */
export interface SyncDeserializer<T> {
  readonly async?: false;
  deserialize(data: Buffer | null, context: SerdeContext): T;
  /**
   * Fast path. If every value of a batch is ASCII, the batch becomes one string, and this is called with a part of that string
   * instead of bytes. Must return exactly what `deserialize` returns for the same bytes. Never called for null.
   */
  fromAscii?(text: string, context: SerdeContext): T;
}

/** An asynchronous deserializer, for example with a schema registry. It is awaited batch by batch; messages keep their order. */
export interface AsyncDeserializer<T> {
  readonly async: true;
  deserialize(data: Buffer | null, context: SerdeContext): Promise<T>;
  readonly fromAscii?: undefined;
}

export type Deserializer<T> = SyncDeserializer<T> | AsyncDeserializer<T>;

/** A serializer and a deserializer in one object. All built-in ones are synchronous. */
export interface Serde<T> extends SyncDeserializer<T> {
  serialize(data: T, context: SerdeContext): Uint8Array | string | null;
}
