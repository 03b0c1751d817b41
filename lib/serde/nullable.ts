import { describe } from '../core/describe';
import { ArgumentError } from '../core/errors';
import type {
  AsyncDeserializer,
  AsyncSerializer,
  Deserializer,
  Serde,
  SerdeContext,
  Serializer,
  SyncDeserializer,
} from './serde';

/** An argument of {@link nullable}: one direction, or both. */
interface Either {
  readonly async?: boolean;
  deserialize?(data: Buffer | null, context: SerdeContext): unknown;
  fromAscii?(text: string, context: SerdeContext): unknown;
  serialize?(data: unknown, context: SerdeContext): unknown;
}

/**
 * Passes null through: `nullable(json<Order>())` reads tombstones as `null`. Takes a serde, a deserializer or a serializer.
 *
 * @throws ArgumentError for any other value
 */
export function nullable<T>(serde: Serde<T>): Serde<T | null>;
export function nullable<T>(deserializer: SyncDeserializer<T>): SyncDeserializer<T | null>;
export function nullable<T>(
  serde: AsyncDeserializer<T> & AsyncSerializer<T>,
): AsyncDeserializer<T | null> & AsyncSerializer<T | null>;
export function nullable<T>(deserializer: AsyncDeserializer<T>): AsyncDeserializer<T | null>;
export function nullable<T>(deserializer: Deserializer<T>): Deserializer<T | null>;
export function nullable<T>(serializer: Serializer<T> & { readonly deserialize?: undefined }): Serializer<T | null>;
export function nullable(serde: unknown): unknown {
  const { async, deserialize, fromAscii, serialize } = (serde ?? {}) as Either;
  if (deserialize === undefined && serialize === undefined) {
    throw new ArgumentError(
      `nullable() takes a serde, a deserializer or a serializer, such as utf8 or json(), not ${describe(serde)}`,
    );
  }
  const through = (convert: NonNullable<Either['serialize' | 'deserialize']>) => {
    const call = convert.bind(serde) as (data: unknown, context: SerdeContext) => unknown;
    return (data: unknown, context: SerdeContext) => {
      if (data !== null) return call(data, context);
      return async ? Promise.resolve(null) : null;
    };
  };
  return {
    ...(async && { async }),
    ...(deserialize && { deserialize: through(deserialize) }),
    ...(fromAscii && { fromAscii: fromAscii.bind(serde) }),
    ...(serialize && { serialize: through(serialize) }),
  };
}
