/** Checks of the options that users pass: which keys there are, and what each may be. */
import { describe, given, list, nearest, show } from './describe';
import { ArgumentError } from './errors';

/** Checks one value, which the message calls `name`. @throws ArgumentError */
export type Check = (value: unknown, name: string) => void;

/** Accepts a value that `fits`; otherwise the error says that it must be `what`, and shows it with `print`. */
export function mustBe(
  what: string,
  fits: (value: unknown) => boolean,
  print: (value: unknown) => string = given,
): Check {
  return (value, name) => {
    if (!fits(value)) throw new ArgumentError(`${name} must be ${what}, not ${print(value)}`);
  };
}

/** An object with these keys and no others. `undefined` counts as left out. */
export function objectWith<T>(owner: string, fields: { readonly [K in keyof Required<T>]: Check }): Check {
  const checks = fields as Readonly<Record<string, Check>>;
  const names = Object.keys(fields);
  return (value, name) => {
    if (!isObject(value)) throw new ArgumentError(`${name || owner} must be an object, not ${given(value)}`);
    for (const [key, one] of Object.entries(value)) {
      if (one === undefined) continue;
      const check = Object.hasOwn(checks, key) ? checks[key] : undefined;
      if (check === undefined) throw unknownKey(key, owner, names);
      check(one, name ? `${name}.${key}` : key);
    }
  };
}

function unknownKey(key: string, owner: string, names: readonly string[]): ArgumentError {
  const near = nearest(key, names);
  return new ArgumentError(
    `'${key}' is not one of ${owner}${near === undefined ? `: there are ${list(names)}` : `; did you mean '${near}'?`}`,
  );
}

export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Node fires a timer at once when its delay is longer. */
const LONGEST_MS = 2 ** 31 - 1;

const from = (least: number, most: number) => (value: unknown) =>
  typeof value === 'number' && value >= least && value <= most;

export const boolean = mustBe('true or false', (value) => typeof value === 'boolean');
/** The error names the kind of a wrong value only: a token may stand where its provider belongs. */
export const callback = mustBe('a function', (value) => typeof value === 'function', describe);
export const string = mustBe('a string', (value) => typeof value === 'string');
export const strings = mustBe(
  'an array of strings',
  (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
);
export const milliseconds = mustBe(`a number of milliseconds from 0 to ${LONGEST_MS}`, from(0, LONGEST_MS));
export const millisecondsOrInfinity = mustBe(
  `a number of milliseconds from 0 to ${LONGEST_MS}, or Infinity`,
  (value) => value === Number.POSITIVE_INFINITY || from(0, LONGEST_MS)(value),
);

/** A limit, as in `positiveOrInfinity('messages')`: at least one, or `Infinity` for no limit. */
export const positiveOrInfinity = (unit: string): Check =>
  mustBe(`a number of ${unit} from 1`, from(1, Number.POSITIVE_INFINITY));

export const positiveInteger = (unit: string): Check =>
  mustBe(`a positive integer: a number of ${unit}`, (value) => Number.isSafeInteger(value) && (value as number) > 0);

export const oneOf = (...words: string[]): Check =>
  mustBe(
    words.length > 1 ? `${list(words.slice(0, -1))} or '${words.at(-1)}'` : list(words),
    (value) => words.includes(value as string),
    (value) => (typeof value === 'string' ? show(value) : given(value)),
  );

export const abortSignal = mustBe(
  'an AbortSignal',
  (value) => isObject(value) && 'aborted' in value && 'addEventListener' in value,
);

const serde = (what: string, method: string): Check =>
  mustBe(
    `a ${what}: an object with the method ${method}, such as utf8 or json()`,
    (value) => value === null || typeof (value as Record<string, unknown>)[method] === 'function',
    (value) =>
      typeof value === 'function' ? 'a function; call it first if it makes one, as json() does' : given(value),
  );

export const deserializer = serde('deserializer', 'deserialize');
export const serializer = serde('serializer', 'serialize');
