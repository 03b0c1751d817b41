/** One report out of several: a whole bench takes hours, and can be run in parts. */
import { readFileSync } from 'node:fs';
import { UsageError } from './options';
import { type buildReport, rows } from './report';
import { type Run, ratios } from './stats';
import { GOALS } from './trials';

/** A report as it is written: what is not listed here is kept as it is. */
type Report = Partial<ReturnType<typeof buildReport>> & { format: number; runs: Run[] };

const FORMAT = 1;

/** @throws UsageError for a file that is none of ours */
export function merge(files: readonly string[]) {
  return mergeReports(files.map(read));
}

/**
 * Runs of the same trial in several reports stay runs of their own; ratios and summary are made anew. Machine and
 * settings are those of the first.
 */
export function mergeReports(reports: readonly Report[]) {
  const first = reports[0] as Report;
  const times = (key: 'startedAt' | 'endedAt') => reports.flatMap((report) => report[key] ?? []).sort();
  const runs: Run[] = [];
  let [base, next] = [0, 0];
  for (const report of reports) {
    for (const run of report.runs) {
      runs.push({ ...run, run: base + run.run });
      next = Math.max(next, base + run.run + 1);
    }
    base = next;
  }
  const leftOut = reports.flatMap((report) => report.leftOut ?? []);
  const key = ({ suite, subject }: { suite: string; subject: string }) => `${suite}.${subject}`;
  const measured = new Set(runs.map(key));
  return {
    ...first,
    partial: reports.some(({ partial }) => partial === true),
    startedAt: times('startedAt')[0],
    endedAt: times('endedAt').at(-1),
    versions: Object.assign({}, ...reports.map(({ versions }) => versions)),
    parts: reports.map(({ startedAt, endedAt, machine, settings }) => ({ startedAt, endedAt, machine, settings })),
    goals: GOALS,
    leftOut: [...new Map(leftOut.map((one) => [key(one), one])).values()].filter((one) => !measured.has(key(one))),
    ratios: ratios(runs),
    summary: rows(runs),
    runs,
  };
}

function read(file: string): Report {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch (error) {
    throw new UsageError(`--merge: ${file} cannot be read: ${(error as Error).message}.`);
  }
  if (report?.format !== FORMAT || !Array.isArray(report.runs)) {
    throw new UsageError(`--merge: ${file} is no report of this bench.`);
  }
  return report;
}
