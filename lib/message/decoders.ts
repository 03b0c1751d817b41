import { bytes } from '../serde/builtins';
import type { Deserializer } from '../serde/serde';

/** The deserializers of a stream; null stands for raw bytes. */
export class Decoders {
  readonly key: Deserializer<unknown> | null;
  readonly value: Deserializer<unknown> | null;
  /** A deserializer is asynchronous, so chunks are decoded before they are delivered. */
  readonly async: boolean;
  /** No deserializer at all: decoding cannot fail. */
  readonly none: boolean;

  constructor(key?: Deserializer<unknown> | null, value?: Deserializer<unknown> | null) {
    this.key = key && key !== bytes ? key : null;
    this.value = value && value !== bytes ? value : null;
    this.async = this.key?.async === true || this.value?.async === true;
    this.none = this.key === null && this.value === null;
  }
}
