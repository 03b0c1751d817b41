import { bytes, utf8 } from '../serde/builtins';
import type { MessageHeaders, SerdeContext, Serializer } from '../serde/serde';
import { checkRecord, type ProducerRecord, type Serializers } from './record';
import { checkHeaders, type RecordHeaders, RecordPack } from './record-pack';
import { ProduceError } from './report';

/** A key or a value as it is packed. */
export type Data = Uint8Array | string | null;

/** A batch of records, serialized. */
export interface Columns {
  readonly keys: readonly Data[];
  readonly values: readonly Data[];
  /** Headers that had to be normalized, by index; the others are the record's own. */
  readonly headers: ReadonlyMap<number, RecordHeaders> | undefined;
}

type Unsent = Omit<ProducerRecord<unknown, unknown>, 'topic'> & { readonly topic?: string };

/** The default: bytes as they are, and text as UTF-8. */
const raw: Serializer<Data> = {
  serialize: (data, context) =>
    typeof data === 'string' ? utf8.serialize(data, context) : bytes.serialize(data as Buffer | null, context),
};

/** One per key and value, so it is a class, and reads the headers only when asked. */
class RecordContext implements SerdeContext {
  constructor(
    readonly topic: string,
    readonly field: 'key' | 'value',
    private readonly record: { readonly headers?: RecordHeaders },
  ) {}

  get headers(): MessageHeaders | undefined {
    const { headers } = this.record;
    return headers === undefined ? undefined : [...RecordPack.pairs(headers)].map(toMessageHeader);
  }
}

function toMessageHeader([name, value]: readonly [string, string | Uint8Array | null]) {
  return [name, value === null ? null : Buffer.from(value as Uint8Array)] as const;
}

/** The serializers of a producer. With an asynchronous one, every result is a promise. */
export class RecordSerializer {
  /** A serializer answers later. */
  readonly async: boolean;
  private readonly keys: Serializer<unknown>;
  private readonly values: Serializer<unknown>;

  constructor({ key, value }: Serializers<never, never>) {
    this.keys = (key ?? raw) as Serializer<unknown>;
    this.values = (value ?? raw) as Serializer<unknown>;
    this.async = this.keys.async === true || this.values.async === true;
  }

  /** The key of a record. @throws ProduceError */
  key(record: Unsent, topic: string): Data | Promise<Data> {
    return serialize('key', this.keys, record.key, topic, record);
  }

  /** The value of a record. @throws ProduceError */
  value(record: Unsent, topic: string): Data | Promise<Data> {
    return serialize('value', this.values, record.value, topic, record);
  }

  /**
   * Serializes a batch, all or nothing: a record that cannot be sent is found before any is sent.
   *
   * @param one - topic of the records that have none
   * @throws ArgumentError, ProduceError
   */
  columns(records: readonly Unsent[], one: string | undefined): Columns | Promise<Columns> {
    const keys = new Array<Data | Promise<Data>>(records.length);
    const values = new Array<Data | Promise<Data>>(records.length);
    let headers: Map<number, RecordHeaders> | undefined;
    try {
      for (let i = 0; i < records.length; i++) {
        const record = records[i] as Unsent;
        const topic = one ?? (record?.topic as string);
        checkRecord(record, topic);
        keys[i] = this.key(record, topic);
        values[i] = this.value(record, topic);
        if (record.headers !== undefined) headers = normalize(record, record.headers, topic, i, headers);
      }
    } catch (error) {
      // Serializers that are still at work: their failures have been overtaken by this one.
      if (this.async) for (const data of [...keys, ...values]) if (data instanceof Promise) data.catch(() => {});
      throw error;
    }
    if (!this.async) return { keys: keys as Data[], values: values as Data[], headers };
    return Promise.all([Promise.all(keys), Promise.all(values)]).then(([keys, values]) => ({ keys, values, headers }));
  }
}

function serialize(
  field: 'key' | 'value',
  serializer: Serializer<unknown>,
  data: unknown,
  topic: string,
  record: Unsent,
): Data | Promise<Data> {
  if (data === null || data === undefined) return null;
  // The default for bytes, without the context that it would not read.
  if ((serializer as unknown) === raw && data instanceof Uint8Array) return data;
  try {
    const out = serializer.serialize(data, new RecordContext(topic, field, record));
    if (typeof out === 'string' || out instanceof Uint8Array || out === null) return out;
    if (serializer.async) {
      return (out as Promise<Data>).catch((cause) => {
        throw ProduceError.encode(field, { ...record, topic }, cause);
      });
    }
    throw new TypeError(`it must be a string, a Uint8Array or null, not ${typeof out}`);
  } catch (cause) {
    throw ProduceError.encode(field, { ...record, topic }, cause);
  }
}

/** Headers as they can be packed, noted where they differ from the record's own. @throws ProduceError */
function normalize(
  record: Unsent,
  own: RecordHeaders,
  topic: string,
  index: number,
  noted: Map<number, RecordHeaders> | undefined,
): Map<number, RecordHeaders> | undefined {
  try {
    const headers = checkHeaders(own);
    return headers === own ? noted : (noted ?? new Map<number, RecordHeaders>()).set(index, headers);
  } catch (cause) {
    throw ProduceError.encode('headers', { ...record, topic }, cause);
  }
}
