// rd_kafka_conf_properties_show() → lib/generated/config.ts
import { BuildError } from './toolchain.mjs';

/** What this library sets when the user does not. Written here so that the documentation of the types tells the truth. */
const ours = {
  'enable.metrics.push': false,
  'check.crcs': true,
  'enable.auto.commit': false,
  'enable.auto.offset.store': false,
  'enable.partition.eof': true,
  'queued.max.messages.kbytes': 16384,
  'queued.min.messages': 100000,
  'fetch.queue.backoff.ms': 20,
  partitioner: 'murmur2_random',
};

/** Useless or harmful outside C. lib/config/config.ts has a sentence for each; callbacks and pointers come on top. */
const excluded = [
  'builtin.features',
  'delivery.report.only.error',
  'enabled_events',
  'internal.termination.signal',
  'log.queue',
  'max.poll.records',
  'share.acknowledgement.mode',
];

/** Closed sets that librdkafka lists in prose only, or not in the range: key → where they are, one value per match. */
const inProse = {
  partitioner: [/`(\w+)` - /g],
  'partition.assignment.strategy': [/Available strategies: ([\w, -]+)\./, 'flags'],
  'sasl.mechanisms': [/Supported: ([\w, -]+)\./],
  'sasl.mechanism': [/Supported: ([\w, -]+)\./],
  'request.required.acks': [/or \*(all)\*/],
  acks: [/or \*(all)\*/],
};

const types = {
  string: 'string',
  integer: 'int',
  float: 'float',
  boolean: 'bool',
  'enum value': 'enum',
  'CSV flags': 'flags',
  'pattern list': 'csv',
};
const quote = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const property = (key) => (/^[a-z_]+$/.test(key) ? key : quote(key));
const list = (text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);

function parseRow(line, level) {
  const row = /^(\S+)\s+\|\s+([*CP])\s+\|([^|]*)\|(.*)\|\s+(?:high|medium|low)\s+\|(.*)$/.exec(line);
  const typed = /^(.*?)\s*<br>\*Type: ([^*]+)\*$/.exec(row?.[5].trim() ?? '');
  if (!row || !typed) throw new BuildError(`Cannot read this property of librdkafka: ${line}`);
  const [, key, scope, range, defaultText] = row;
  const [, description, typeName] = typed;
  if (typeName === 'see dedicated API' || excluded.includes(key)) return { key, scope, level, unavailable: typeName };
  const type = types[typeName];
  if (!type) throw new BuildError(`${key} has a type this generator does not know: ${typeName}`);
  const found = { key, scope, level, type, description, alias: /^Alias for `([^`]+)`/.exec(description)?.[1] };
  return {
    ...found,
    ...constraints(found, range.trim()),
    default: defaultOf(type, defaultText.trim()),
    deprecated: description.includes('**DEPRECATED**'),
  };
}

function constraints({ key, type, description }, range) {
  const [pattern, as] = inProse[key] ?? [];
  if (pattern) {
    const values = [...description.matchAll(new RegExp(pattern, 'g'))].flatMap((match) => list(match[1]));
    if (values.length === 0)
      throw new BuildError(`The values of ${key} are not where they were in its description: ${description}`);
    if (type !== 'int') return { type: as ?? 'enum', values };
    const [min, max] = range.split(' .. ').map(Number);
    return { min, max, values };
  }
  if (type === 'enum' || type === 'flags') return { values: list(range) };
  if (type === 'int' || type === 'float') {
    const [min, max] = range.split(' .. ').map(Number);
    if (!Number.isFinite(min) || !Number.isFinite(max))
      throw new BuildError(`${key} has a range that cannot be read: ${range}`);
    return { min, max };
  }
  return type === 'string' && /CSV list|[Cc]omma-separated list/.test(description) ? { type: 'csv' } : {};
}

function defaultOf(type, text) {
  if (text === '') return undefined;
  if (type === 'int' || type === 'float') return Number(text);
  return type === 'bool' ? text === 'true' : text;
}

function typeScript({ key, type, values }) {
  const union = (values ?? []).map(quote).join(' | ');
  if (key === 'enable.auto.offset.store') return 'false';
  if (key === 'enable.partition.eof') return 'true';
  switch (type) {
    case 'int':
    case 'float':
      return union ? `number | ${union}` : 'number';
    case 'bool':
      return 'boolean';
    case 'enum':
      return key === 'security.protocol'
        ? `${union} | ${(values ?? []).map((value) => quote(value.toUpperCase())).join(' | ')}`
        : union;
    case 'flags':
      return `Csv<${union}>`;
    case 'csv':
      return 'string | readonly string[]';
    case 'string':
      return 'string';
    default:
      throw new BuildError(`${key}: no TypeScript type for ${type}`);
  }
}

const shown = (value) => `\`${value}\``;

function documented(row) {
  const text = row.description
    .replace(/\*\*DEPRECATED\*\*\s*/, '')
    .replace(/\s*<br>\s*/g, ' ')
    .replaceAll('*/', '*\\/')
    .replace(/(^|\s)@/g, '$1\\@')
    .trim();
  const range = row.min === undefined ? '' : ` Range: ${row.min} to ${row.max}.`;
  const theirs = row.default === undefined ? '' : shown(row.default);
  const mine = row.key in ours ? `${shown(ours[row.key])} here, ${theirs || 'nothing'} in librdkafka` : theirs;
  const tags = `${mine ? `\n   * @defaultValue ${mine}` : ''}${row.deprecated ? '\n   * @deprecated by librdkafka' : ''}`;
  const comment = tags ? `  /**\n   * ${text}${range}${tags}\n   */` : `  /** ${text}${range} */`;
  return `${comment}\n  ${property(row.key)}${row.key === 'bootstrap.servers' ? '' : '?'}: ${typeScript(row)};`;
}

const block = (name, base, rows, extra = '') =>
  `export interface ${name}${base ? ` extends ${base}` : ''} {\n${rows.map(documented).join('\n')}${extra}\n}\n`;

function tableRow(row) {
  const value = (v) =>
    typeof v === 'string' ? quote(v) : Array.isArray(v) ? `[${v.map(quote).join(', ')}]` : String(v);
  const fields = ['type', 'scope', 'min', 'max', 'values', 'default', 'alias', 'deprecated'];
  const present = fields.filter(
    (field) => (row[field] !== undefined && row[field] !== false) || (field === 'default' && row.default === false),
  );
  return `  ${property(row.key)}: { ${present.map((field) => `${field}: ${value(row[field])}`).join(', ')} },`;
}

/** Every property of the library, offered (`type`) or not (`unavailable`). A few are there twice: set without a topic, librdkafka takes the global one. */
function parse(text) {
  const all = text
    .split(/^## /m)
    .slice(1)
    .flatMap((section) => {
      const level = section.startsWith('Topic') ? 'topic' : 'global';
      return section
        .split('\n')
        .slice(1)
        .filter((line) => line.includes('|') && !/^(Property|-+)/.test(line))
        .map((line) => parseRow(line, level));
    });
  return all.filter((row, index) => all.findIndex((other) => other.key === row.key) === index);
}

/** Every bound, word and flag the table allows, as `key<TAB>value`, so that the library can be asked whether it agrees. */
export function samples(text) {
  return parse(text).flatMap(({ key, type, min, max, values = [] }) => {
    const numbers = min === undefined ? [] : [min, max];
    const lists = type === 'flags' ? [values.join(',')] : [];
    return [...numbers, ...values, ...lists, ...(type === 'bool' ? [true, false] : [])].map(
      (value) => `${key}\t${value}`,
    );
  });
}

export function generateConfig(text, header) {
  const first = parse(text);
  const rows = first.filter((row) => !('unavailable' in row));
  for (const key of [...Object.keys(ours), ...Object.keys(inProse)]) {
    if (!rows.some((row) => row.key === key))
      throw new BuildError(`librdkafka no longer has the property ${key}: revise scripts/generate-config.mjs`);
  }
  const of = (scope, level) => rows.filter((row) => row.scope === scope && row.level === level);
  if (of('*', 'topic').length > 0)
    throw new BuildError('There is now a topic property for both clients: revise scripts/generate-config.mjs');
  const nested = (name) =>
    `\n  /** Topic properties, as older clients nest them; the same as giving them directly. */\n  'default.topic.config'?: ${name};`;
  return `${header}
/** One or more of a closed set: an array, one value, or values separated by commas. */
export type Csv<T extends string> = T | readonly T[] | \`\${T},\${string}\`;

/** Properties of every client. */
${block('GlobalConfig', '', of('*', 'global'))}
${block('ConsumerTopicConfig', '', of('C', 'topic'))}
${block('ProducerTopicConfig', '', of('P', 'topic'))}
/** Properties that only a consumer has. */
${block('ConsumerOnlyConfig', 'ConsumerTopicConfig', of('C', 'global'))}
/** Properties that only a producer has. */
${block('ProducerOnlyConfig', 'ProducerTopicConfig', of('P', 'global'))}
type None<T> = { [K in keyof T]?: never };

/** Configuration of a consumer: librdkafka's own keys. */
export interface ConsumerConfig extends GlobalConfig, ConsumerOnlyConfig, None<ProducerOnlyConfig> {${nested('ConsumerTopicConfig')}
}

/** Configuration of a producer: librdkafka's own keys. */
export interface ProducerConfig extends GlobalConfig, ProducerOnlyConfig, None<ConsumerOnlyConfig> {${nested('ProducerTopicConfig')}
}

/** Configuration of an admin client: librdkafka's own keys. */
export interface AdminConfig extends GlobalConfig, None<ConsumerOnlyConfig>, None<ProducerOnlyConfig> {}

/** \`*\`: every client, \`C\`: consumers, \`P\`: producers. */
export type ConfigScope = '*' | 'C' | 'P';

export interface ConfigProperty {
  /** \`csv\`: free values, \`flags\`: values of a closed set, both separated by commas. */
  readonly type: 'string' | 'int' | 'float' | 'bool' | 'enum' | 'flags' | 'csv';
  readonly scope: ConfigScope;
  readonly min?: number;
  readonly max?: number;
  /** Allowed values; of a number, words allowed beside it. */
  readonly values?: readonly string[];
  /** librdkafka's default. */
  readonly default?: string | number | boolean;
  /** Another name for this key. */
  readonly alias?: string;
  readonly deprecated?: true;
}

/** The librdkafka these files were generated from. */
export const generatedFrom = ${quote(/librdkafka (\S+) by/.exec(header)[1])};

/** What is set when the configuration does not say. */
export const clientDefaults: Readonly<Record<string, string | number | boolean>> = {
${Object.entries(ours)
  .map(([key, value]) => `  ${property(key)}: ${typeof value === 'string' ? quote(value) : value},`)
  .join('\n')}
};

/** Keys that librdkafka has and this library does not offer. */
export const unavailableKeys: readonly string[] = [
${[...new Set(first.filter((row) => 'unavailable' in row).map((row) => row.key))].map((key) => `  ${quote(key)},`).join('\n')}
];

export const configProperties: Readonly<Record<string, ConfigProperty>> = {
${rows.map(tableRow).join('\n')}
};
`;
}
