/** Wrong values and near names in words, for error messages. */
import { inspect } from 'node:util';

/** Names in quotes, separated by commas. */
export const list = (values: readonly string[]): string => values.map((value) => `'${value}'`).join(', ');

/** The kind of a value, never the value itself: it may be a secret. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object') return `a ${typeof value}`;
  const made = value.constructor?.name ?? 'no prototype';
  return made === 'Object' ? 'an object' : `an object (${made})`;
}

/** The value on one line, as code. */
export function show(value: unknown): string {
  return inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 60 });
}

/** A value that may be of the wrong type, with its type where that is not obvious: `'5' (a string)`, `an object`. */
export function given(value: unknown): string {
  if (typeof value === 'string') return `${show(value)} (a string)`;
  if (value instanceof Date) return String(value);
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint'
    ? show(value)
    : describe(value);
}

/** Levenshtein distance: insertions, deletions and replacements that turn one text into the other. */
function editDistance(a: string, b: string): number {
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

/**
 * Names that were probably meant, best first: a few letters away, the same letters in another order, or one name part
 * of the other. Case and punctuation do not count: `groupId` is `group.id`.
 */
export function nearestNames(name: string, names: Iterable<string>, most: number): string[] {
  if (name.length > 64) return [];
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z\d]/g, '');
  const letters = (text: string) => [...text].sort().join('');
  const wanted = plain(name);
  const sorted = letters(wanted);
  const limit = Math.max(1, Math.floor(wanted.length / 4));
  const near: { one: string; distance: number; edits: number }[] = [];
  for (const one of names) {
    const other = plain(one);
    const long = Math.min(other.length, wanted.length) >= 3;
    const related = (long && (wanted.includes(other) || other.includes(wanted))) || letters(other) === sorted;
    const edits = editDistance(wanted, other);
    const distance = related ? Math.min(1, edits) : edits;
    if (distance <= limit) near.push({ one, distance, edits });
  }
  near.sort((a, b) => a.distance - b.distance || a.edits - b.edits);
  const [best] = near;
  return near
    .filter(({ distance }) => distance <= (best?.distance ?? 0) + 1)
    .slice(0, most)
    .map(({ one }) => one);
}

/** The name that was probably meant. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  return nearestNames(name, names, 1)[0];
}
