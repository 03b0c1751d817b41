/** What class an error is of, also when another installation of the library made it: by name, not by identity. */
export const KIND = Symbol.for('rdkafka-rx.error.kind');

interface Kind {
  readonly prototype: unknown;
  readonly [KIND]?: string;
}

export function isKind(asked: Kind, value: unknown): boolean {
  // A user's own subclass has no kind of its own, and is an ordinary class.
  if (!Object.hasOwn(asked, KIND)) return Function.prototype[Symbol.hasInstance].call(asked, value);
  if (typeof value !== 'object' || value === null) return false;
  for (let proto = Object.getPrototypeOf(value); proto; proto = Object.getPrototypeOf(proto)) {
    const kind = proto.constructor;
    if (typeof kind === 'function' && Object.hasOwn(kind, KIND) && kind[KIND] === asked[KIND]) return true;
  }
  return false;
}
