import { bytes } from '../serde/builtins';
import type { Deserializer } from '../serde/serde';

/** Deserializers of a stream. `null`: bytes as they are. */
export class Decoders {
  readonly key: Deserializer<unknown> | null;
  readonly value: Deserializer<unknown> | null;
  /** Some deserializer answers later, so that chunks have to be decoded before they are delivered. */
  readonly async: boolean;
  /** Nothing can fail. */
  readonly none: boolean;

  constructor(key?: Deserializer<unknown> | null, value?: Deserializer<unknown> | null) {
    this.key = key && key !== bytes ? key : null;
    this.value = value && value !== bytes ? value : null;
    this.async = this.key?.async === true || this.value?.async === true;
    this.none = this.key === null && this.value === null;
  }
}
