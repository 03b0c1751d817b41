/** How wrong values and near names are put into words, for messages of errors. */
import { inspect } from 'node:util';

/** Names in quotes. */
export const list = (values: readonly string[]): string => values.map((value) => `'${value}'`).join(', ');

/** The kind of a value, without the value: it may be a secret. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? 'an array' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}

export function show(value: unknown): string {
  return inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 60 });
}

/** A value that may be of the wrong type: `'5' (a string)`, `an object`. */
export function given(value: unknown): string {
  if (typeof value === 'string') return `${show(value)} (a string)`;
  if (value instanceof Date) return String(value);
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint'
    ? show(value)
    : describe(value);
}

/** Insertions, deletions and replacements that turn one text into the other. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** The name that was meant: a few letters away, the same letters in another order, or a part of it. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  if (name.length > 64) return undefined;
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z\d]/g, '');
  const wanted = plain(name);
  const letters = (text: string) => [...text].sort().join('');
  const limit = Math.max(1, Math.floor(wanted.length / 4));
  const far = ({ length }: string) => Math.min(length, wanted.length) < 3;
  return names
    .map((one) => {
      const other = plain(one);
      const part = !far(other) && (wanted.includes(other) || other.includes(wanted));
      return { one, distance: part || letters(other) === letters(wanted) ? 1 : editDistance(wanted, other) };
    })
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)[0]?.one;
}
