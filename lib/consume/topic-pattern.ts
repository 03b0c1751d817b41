/** Topics and patterns as users give them, and as librdkafka and the broker take them. */
import { given } from '../core/describe';
import { ArgumentError } from '../core/errors';
import { isTopic } from '../core/partition';

/**
 * Topic names, and patterns over them: a `RegExp`, or a string that begins with `^`. librdkafka matches patterns as extended
 * regular expressions of POSIX, and with `group.protocol` `consumer` the broker does with RE2; what a RegExp has and both
 * do not is written in their way (`\\d`, `\\w`, `(?:…)`, lazy quantifiers) or refused (flags, lookaround, `\\b`).
 */
export type Topics = string | RegExp | readonly (string | RegExp)[];

export type Topic = string | RegExp;

/** A pattern in text form: librdkafka's way of telling one from a name. */
export function isPattern(topic: Topic): boolean {
  return typeof topic !== 'string' || topic.startsWith('^');
}

/** @throws ArgumentError for a value that is neither a topic name nor a pattern that librdkafka can match */
export function checkTopic(topic: unknown): Topic {
  if (!(topic instanceof RegExp) && !isTopic(topic)) {
    throw new ArgumentError(`a topic must be a non-empty string or a RegExp, not ${given(topic)}`);
  }
  subscription(topic);
  return topic;
}

/** A list of them. @throws ArgumentError also when there is none */
export function checkTopics(topics: unknown, what: string): readonly Topic[] {
  const list = typeof topics === 'string' || topics instanceof RegExp ? [topics] : topics;
  if (!Array.isArray(list)) throw new ArgumentError(`${what} takes a topic, a RegExp, or an array of them`);
  if (list.length === 0) throw new ArgumentError(`${what} needs at least one topic`);
  return list.map(checkTopic);
}

/**
 * A topic as librdkafka takes it: patterns begin with `^`. librdkafka matches them itself as extended regular expressions
 * of POSIX; with `group.protocol` `consumer` the broker does, with RE2. What is written here both take.
 *
 * @throws ArgumentError for a pattern that has no such form
 */
export function subscription(topic: Topic): string {
  if (typeof topic === 'string') return isPattern(topic) ? portable(topic, topic) : topic;
  const flags = topic.flags.replace(/[dgsuvy]/g, '');
  if (flags !== '') refuse(topic, `the flag ${flags[0]}`);
  const source = portable(topic.source, topic);
  if (source.includes('|')) return `^.*(${source})`;
  return source.startsWith('^') ? source : `^.*${source}`;
}

/** The broker compares whole names; librdkafka looks for the pattern in them, as a RegExp does. */
export function forBroker(subscribed: string): string {
  if (!isPattern(subscribed)) return subscribed;
  return subscribed.includes('|') ? `^.*(${subscribed}).*` : `${subscribed}.*`;
}

export function matches(route: Topic, topic: string): boolean {
  if (typeof route !== 'string') return new RegExp(route.source, route.flags.replace(/[gy]/g, '')).test(topic);
  return isPattern(route) ? new RegExp(subscription(route)).test(topic) : route === topic;
}

/** What is matched is topic names: letters, digits, `.`, `_` and `-`. */
const sets: Readonly<Record<string, string>> = {
  '\\d': '0-9',
  '\\w': 'A-Za-z0-9_',
  '\\s': ' ',
  '[:digit:]': '0-9',
  '[:alpha:]': 'A-Za-z',
  '[:alnum:]': 'A-Za-z0-9',
  '[:lower:]': 'a-z',
  '[:upper:]': 'A-Z',
};

function portable(source: string, pattern: Topic): string {
  let out = '';
  for (let at = 0; at < source.length; ) {
    const rest = source.slice(at);
    if (rest.startsWith('[')) {
      const [all, negated, items] =
        /^\[(\^?)((?:\[:[a-z]+:\]|[^\]\\]|\\.)+)\]/.exec(rest) ?? refuse(pattern, 'an empty set');
      out += `[${negated}${itemsOf(items as string, pattern)}]`;
      at += (all as string).length;
    } else if (rest.startsWith('\\')) {
      out += escaped(rest[1] ?? '', pattern);
      at += 2;
    } else if (rest.startsWith('(?')) {
      // A name, or that it captures nothing, changes nothing of what is matched.
      const [group] = /^\(\?(?::|<\w+>)/.exec(rest) ?? refuse(pattern, rest.slice(0, /^\(\?</.test(rest) ? 4 : 3));
      out += '(';
      at += (group as string).length;
    } else {
      // Lazy or not, it is the same names.
      const [run] = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??|^./s.exec(rest) as RegExpExecArray;
      out += run.length > 1 ? run.replace(/\?$/, '') : run;
      at += run.length;
    }
  }
  return out;
}

function escaped(char: string, pattern: Topic): string {
  const set = sets[`\\${char.toLowerCase()}`];
  if (set !== undefined) return `[${char === char.toUpperCase() ? '^' : ''}${set}]`;
  if (/[\w]/.test(char)) refuse(pattern, `\\${char}`);
  return /[.*+?^${}()|[\]\\]/.test(char) ? `\\${char}` : char;
}

/** In a set of POSIX a backslash is a backslash, and a hyphen is one at the end. */
function itemsOf(items: string, pattern: Topic): string {
  let hyphen = false;
  const kept = items.replace(/\\.|\[:[a-z]+:\]|[[\]^]/gs, (found) => {
    if (found === '\\-') hyphen = true;
    if (found === '\\-' || found === '\\.') return found === '\\.' ? '.' : '';
    return sets[found] ?? refuse(pattern, `${found} in a set`);
  });
  return hyphen ? `${kept.replace(/-$/, '')}-` : kept;
}

function refuse(pattern: Topic, what: string): never {
  throw new ArgumentError(
    `${pattern} cannot be subscribed to: ${what} is not known to librdkafka and the broker, which match topics by ` +
      'extended regular expressions of POSIX and by RE2',
  );
}
