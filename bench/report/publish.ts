/** Writes the reports: the page, the Markdown, the sections of the README and of docs/performance.md. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Options, UsageError } from '../options';
import { type Draw, html } from './html';
import {
  chart,
  markdown,
  PERFORMANCE,
  PICTURE,
  performanceSection,
  readmeSection,
  requirePublishable,
  withSection,
} from './markdown';
import type { Report } from './model';

const root = dirname(require.resolve('rdkafka-rx/package.json'));
export const tools = join(root, 'bench/tools');

type Wanted = Pick<Options, 'report' | 'markdown' | 'readme'>;

/**
 * Everything that can fail fails now, and not after an hour of measuring: paths that cannot be written, a README without
 * a place for the figures, a plotting library that cannot be installed.
 */
export async function publisher(wanted: Wanted, progress: (text: string) => void): Promise<(report: object) => void> {
  const sections = [
    ['README.md', readmeSection],
    [PERFORMANCE, performanceSection],
  ] as const;
  const inPage = (page: string, section: string) => withSection(readFileSync(join(root, page), 'utf8'), section, page);
  for (const name of ['report', 'markdown'] as const) {
    const file = wanted[name];
    if (file !== undefined) probe(`--${name}`, file);
  }
  if (wanted.readme) for (const [page] of sections) inPage(page, '');
  const draw = wanted.report === undefined ? undefined : await plotting(progress);
  return (found) => {
    const report = found as Report;
    if (wanted.readme) requirePublishable(report);
    const write = (file: string, text: string) => {
      writeFileSync(file, text);
      progress(`report written to ${file}`);
    };
    if (draw && wanted.report !== undefined) write(wanted.report, html(report, draw));
    if (wanted.markdown !== undefined) write(wanted.markdown, markdown(report));
    if (!wanted.readme) return;
    // Both are made before one is written.
    const made = sections.map(([page, section]) => [join(root, page), inPage(page, section(report))] as const);
    const drawn = chart(report);
    if (drawn !== undefined) write(join(root, PICTURE), drawn);
    for (const [file, text] of made) write(file, text);
  };
}

function probe(option: string, file: string): void {
  try {
    closeSync(openSync(file, 'a'));
  } catch (error) {
    throw new UsageError(`${option} ${file} cannot be written: ${(error as Error).message}.`);
  }
}

async function plotting(progress: (text: string) => void): Promise<Draw> {
  await installTools(progress);
  const { draw } = (await import(pathToFileURL(join(tools, 'plot.mjs')).href)) as { draw: Draw };
  return draw;
}

/** `npm ci` in bench/tools, once: small packages of JavaScript alone. */
export async function installTools(progress: (text: string) => void): Promise<void> {
  if (existsSync(join(tools, 'node_modules/.package-lock.json'))) return;
  progress('installing what draws charts and times small things under bench/tools (npm ci)');
  const args = ['ci', '--no-audit', '--no-fund', '--ignore-scripts'];
  const npm = spawn('npm', args, { cwd: tools, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(npm, 'exit')) as [number | null];
  if (code === 0) return;
  throw new Error(`npm ci in ${tools} ended with code ${code}, see above; --json needs nothing from it.`);
}
