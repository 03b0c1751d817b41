// STATISTICS.md → lib/generated/statistics.ts
import { BuildError } from './toolchain.mjs';

const interfaces = {
  'Top-level': 'Statistics',
  'General structure': null,
  'Field type': null,
  brokers: 'BrokerStatistics',
  'Window stats': 'WindowStatistics',
  'brokers.toppars': 'BrokerPartitionStatistics',
  topics: 'TopicStatistics',
  partitions: 'PartitionStatistics',
  cgrp: 'ConsumerGroupStatistics',
  eos: 'TransactionStatistics',
};

const scalars = { int: 'number', 'int gauge': 'number', string: 'string', bool: 'boolean' };

/** Objects that the document only describes in words. A trailing ? means that not every client has it. */
const objects = {
  'Statistics.brokers': 'Record<string, BrokerStatistics>',
  'Statistics.topics': 'Record<string, TopicStatistics>',
  'Statistics.cgrp?': 'ConsumerGroupStatistics',
  'Statistics.eos?': 'TransactionStatistics',
  'BrokerStatistics.req': 'Record<string, number>',
  'BrokerStatistics.toppars': 'Record<string, BrokerPartitionStatistics>',
  'TopicStatistics.partitions': 'Record<string, PartitionStatistics>',
};

/** Sent by librdkafka, missing in its document. */
const undocumented = {
  Statistics:
    '  /** Present after a fatal error: its text, its reason, and how many there were. */\n' +
    '  fatal?: { error: string; reason: string; cnt: number };',
};

function field(owner, [name, type, example, ...rest]) {
  const description = rest.join('|').replaceAll('·', '').replaceAll('\u00a0', ' ').trim();
  const optional = `${owner}.${name}?` in objects ? '?' : '';
  const object =
    objects[`${owner}.${name}${optional}`] ?? (/\*Window stats\*/.test(description) ? 'WindowStatistics' : undefined);
  const result = type === 'object' ? object : scalars[type];
  if (!result) throw new BuildError(`STATISTICS.md: no type is known for ${owner}.${name} (${type})`);
  const shown = example ? ` Example: ${example}` : '';
  return `  /** ${description.replace(/\s*See \*+.*$/, '')}${shown} */\n  ${name}${optional}: ${result};`;
}

export function generateStatistics(markdown, header) {
  const body = markdown.split(/^# Example output/m)[0];
  const found = [];
  for (const section of body.split(/^## /m).slice(1)) {
    const title = section.slice(0, section.indexOf('\n')).trim();
    const name = interfaces[title];
    if (name === undefined) throw new BuildError(`STATISTICS.md: unknown section '${title}'`);
    if (name === null) continue;
    const rows = section.split('\n').filter((line) => / \| /.test(line) && !/^(Field|-+) \|/.test(line));
    const fields = rows.map((row) =>
      field(
        name,
        row.split('|').map((cell) => cell.trim()),
      ),
    );
    if (undocumented[name]) fields.push(undocumented[name]);
    if (fields.length === 0) throw new BuildError(`STATISTICS.md: section '${title}' has no fields`);
    const intro = section
      .slice(title.length, section.search(/^Field \|/m))
      .trim()
      .replace(/\s+/g, ' ');
    found.push({
      name,
      text: `${intro ? `/** ${intro} */\n` : ''}export interface ${name} {\n${fields.join('\n')}\n}\n`,
    });
  }
  const missing = Object.values(interfaces).filter((name) => name && !found.some((one) => one.name === name));
  if (missing.length > 0) throw new BuildError(`STATISTICS.md: no section for ${missing.join(', ')}`);
  return `${header}// Sizes are in bytes unless it says otherwise. Fields that an older librdkafka does not send are absent at run time.\n\n${found.map((one) => one.text).join('\n')}`;
}
