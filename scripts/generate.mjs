// Writes lib/generated/*.ts from the librdkafka the addon is built with: configuration keys and error codes come from the library itself (a small
// C program asks it), statistics from its STATISTICS.md.
//   node scripts/generate.mjs [--check] [--docs DIR]      --check: write nothing, fail when a file differs
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { generateConfig, samples } from './generate-config.mjs';
import { generateStatistics } from './generate-statistics.mjs';
import { librdkafka } from './librdkafka.mjs';
import { BuildError, cc, run } from './toolchain.mjs';

const program = `
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>
static int set(void) {
  char line[4096], text[512];
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  while (fgets(line, sizeof(line), stdin)) {
    char *value = strchr(line, '\\t');
    line[strcspn(line, "\\n")] = 0;
    *value++ = 0;
    if (rd_kafka_conf_set(conf, line, value, text, sizeof(text)) != RD_KAFKA_CONF_OK && !strstr(text, "not supported in this build"))
      printf("%s=%s: %s\\n", line, value, text);
  }
  return 0;
}
int main(int argc, char **argv) {
  if (argc > 1) return set();
  const struct rd_kafka_err_desc *list;
  size_t count, i;
  rd_kafka_get_err_descs(&list, &count);
  for (i = 0; i < count; i++)
    if (list[i].name && list[i].desc) printf("%d\\t%s\\t%s\\n", list[i].code, list[i].name, list[i].desc);
  printf("\\f%s\\f", rd_kafka_version_str());
  rd_kafka_conf_properties_show(stdout);
  return 0;
}`;

/**
 * What librdkafka says of itself; the ranges and values it lists are tried on it.
 * @returns {{ errors: string, version: string, properties: string }}
 */
function ask({ include, libs }) {
  const directory = mkdtempSync(join(tmpdir(), 'rdkafka-rx-generate-'));
  try {
    const source = join(directory, 'ask.c');
    writeFileSync(source, program);
    // What the library gets from Node (OpenSSL, zlib) is not here and is not called: its symbols may stay open.
    const open =
      process.platform === 'darwin'
        ? ['-Wl,-undefined,dynamic_lookup']
        : ['-no-pie', '-Wl,--unresolved-symbols=ignore-all'];
    const compiled = run(cc, [source, '-o', join(directory, 'ask'), `-I${include}`, ...libs, ...open]);
    if (compiled.status !== 0)
      throw new BuildError(`The program that asks librdkafka for its properties does not build:\n${compiled.stderr}`);
    const asked = run(join(directory, 'ask'), []);
    if (asked.status !== 0)
      throw new BuildError(
        `The program that asks librdkafka for its properties failed: ${asked.stderr || asked.signal}`,
      );
    const [errors, version, properties] = asked.stdout.split('\f');
    const refused = run(join(directory, 'ask'), ['set'], { input: `${samples(properties).join('\n')}\n` }).stdout;
    if (refused !== '') throw new BuildError(`librdkafka refuses what its own list allows:\n${refused}`);
    return { errors, version, properties };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function generateErrors(text, header) {
  const rows = text
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
  const entries = rows.map(([code, name, description]) => {
    if (!/^-?\d+$/.test(code) || !/^\w+$/.test(name))
      throw new BuildError(`Unexpected error code in librdkafka: ${code} ${name}`);
    return `  /** ${description.trim()} */\n  ${name}: ${code},`;
  });
  return `${header}
/** librdkafka's error codes: \`RD_KAFKA_RESP_ERR_<name>\`. Names that start with an underscore are local to the client. */
export const errorCodes = {
${entries.join('\n')}
} as const;

export type ErrorName = keyof typeof errorCodes;
`;
}

async function main() {
  const { values } = parseArgs({ options: { check: { type: 'boolean' }, docs: { type: 'string' } } });
  const library = await librdkafka();
  const docs = values.docs ?? library.docs;
  if (!docs)
    throw new BuildError(
      'This librdkafka came without STATISTICS.md: give its directory with --docs, or unset RDKAFKA_RX_LIBRDKAFKA.',
    );
  const { errors, version, properties } = ask(library);
  const header = `// Generated from librdkafka ${version} by \`npm run gen\`. Do not edit.\n`;
  const files = {
    'config.ts': generateConfig(properties, header),
    'errors.ts': generateErrors(errors, header),
    'statistics.ts': generateStatistics(readFileSync(join(docs, 'STATISTICS.md'), 'utf8'), header),
  };
  const directory = fileURLToPath(new URL('../lib/generated/', import.meta.url));
  const stale = Object.entries(files).filter(([name, text]) => {
    if (!values.check) writeFileSync(join(directory, name), text);
    return values.check && readFileSync(join(directory, name), 'utf8') !== text;
  });
  if (stale.length > 0) {
    const names = stale.map(([name]) => `lib/generated/${name}`).join(', ');
    throw new BuildError(`Not what librdkafka ${version} gives: ${names}. Run \`npm run gen\` and commit the result.`);
  }
  console.log(`lib/generated ${values.check ? 'agrees with' : 'written from'} librdkafka ${version}`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
