/** Looks at what users give as options: which keys there are, and what each of them may be. */
import { describe, given, list, nearest, show } from './describe';
import { ArgumentError } from './errors';

/** Looks at one value, which the message calls `name`. @throws ArgumentError */
export type Check = (value: unknown, name: string) => void;

/** A value that has to be `what`. */
export function must(what: string, fits: (value: unknown) => boolean, tell: (value: unknown) => string = given): Check {
  return (value, name) => {
    if (!fits(value)) throw new ArgumentError(`${name} must be ${what}, not ${tell(value)}`);
  };
}

/** A key that is not for users, and that no message names. */
export const internal: Check = () => {};

/** An object with these keys and no others. `undefined` counts as left out. */
export function shape<T>(owner: string, fields: { readonly [K in keyof Required<T>]: Check }): Check {
  const checks = fields as Readonly<Record<string, Check>>;
  const names = Object.keys(fields).filter((key) => checks[key] !== internal);
  return (value, name) => {
    if (!isObject(value)) throw new ArgumentError(`${name || owner} must be an object, not ${given(value)}`);
    for (const [key, one] of Object.entries(value)) {
      if (one === undefined) continue;
      const check = Object.hasOwn(checks, key) ? checks[key] : undefined;
      if (check === undefined) throw unknown(key, owner, names);
      check(one, name ? `${name}.${key}` : key);
    }
  };
}

function unknown(key: string, owner: string, names: readonly string[]): ArgumentError {
  const near = nearest(key, names);
  return new ArgumentError(
    `'${key}' is not one of ${owner}${near === undefined ? `: there are ${list(names)}` : `; did you mean '${near}'?`}`,
  );
}

export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Timers of Node end at once when they are set for longer. */
const LONGEST_MS = 2 ** 31 - 1;

const from = (least: number, most: number) => (value: unknown) =>
  typeof value === 'number' && value >= least && value <= most;

export const flag = must('true or false', (value) => typeof value === 'boolean');
export const call = must('a function', (value) => typeof value === 'function', describe);
export const text = must('text', (value) => typeof value === 'string');
export const texts = must(
  'an array of strings',
  (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
);
export const ms = must(`a number of milliseconds from 0 to ${LONGEST_MS}`, from(0, LONGEST_MS));
export const msOrNever = must(
  `a number of milliseconds from 0 to ${LONGEST_MS}, or Infinity`,
  (value) => value === Number.POSITIVE_INFINITY || from(0, LONGEST_MS)(value),
);

/** Such as `many('messages')`: at least one of them, or `Infinity` for no limit. */
export const many = (things: string): Check => must(`a number of ${things} from 1`, from(1, Number.POSITIVE_INFINITY));

export const whole = (things: string): Check =>
  must(`a positive integer: a number of ${things}`, (value) => Number.isSafeInteger(value) && (value as number) > 0);

export const oneOf = (...words: string[]): Check =>
  must(
    words.length > 1 ? `${list(words.slice(0, -1))} or '${words.at(-1)}'` : list(words),
    (value) => words.includes(value as string),
    (value) => (typeof value === 'string' ? show(value) : given(value)),
  );

export const abortSignal = must(
  'an AbortSignal',
  (value) => isObject(value) && 'aborted' in value && 'addEventListener' in value,
);

const serde = (what: string, method: string): Check =>
  must(
    `a ${what}: an object with the method ${method}, such as utf8 or json()`,
    (value) => value === null || typeof (value as Record<string, unknown>)[method] === 'function',
    (value) =>
      typeof value === 'function' ? 'a function: what makes one, such as json(), has to be called' : given(value),
  );

export const deserializer = serde('deserializer', 'deserialize');
export const serializer = serde('serializer', 'serialize');
