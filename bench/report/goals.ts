/** What the project asks of itself, what was seen, and what plain C reaches on the same machine: more is not to be had. */
import { GOAL_SIZE, isCost, limitOf, meetsGoal, type Spread } from '../stats';
import { bytes, described, groups, type Report, type Row, TITLES, times } from './model';
import { spreadCell, type Table } from './tables';

export const GOALS_NOTE =
  'What the project asks of itself. "C here" is what plain C over the same librdkafka reaches in our place on this machine: a goal beyond it cannot be met here.';

export interface Goal {
  /** What is compared, e.g. `Consume, 100 B: batches$ / platformatic`. */
  what: string;
  wanted: string;
  seen: Spread;
  met: boolean;
  /** What C reaches instead of us; absent where C is what we are compared with, or has no such way. */
  limit?: Spread;
  /** C misses it too. */
  isOutOfReach: boolean;
  /** A peer's way, for a cost that is compared with the least of all. */
  detail?: string;
}

export function goals(report: Report): Goal[] {
  return [...ratioGoals(report), ...costGoals(report)];
}

function ratioGoals({ ratios, goals = {} }: Report): Goal[] {
  const sizeOf = ([key]: [string, unknown]) => Number(key.split('.')[1]);
  const suites = Object.keys(TITLES);
  const suiteOf = ([key]: [string, unknown]) => suites.indexOf(key.split('.')[0] ?? '');
  const sorted = Object.entries(ratios).sort((a, b) => suiteOf(a) - suiteOf(b) || sizeOf(a) - sizeOf(b));
  return sorted.flatMap(([key, seen]): Goal[] => {
    const found = /^([^.]+)\.(\d+)\.(.+)$/.exec(key);
    const wanted = found && (goals[key] ?? goals[`${found[1]}.${found[3]}`]);
    if (!found || wanted === undefined || wanted === null) return [];
    const [, suite = '', size, pair = ''] = found;
    const limit = limitOf(ratios, key);
    const what = `${suite}, ${bytes(Number(size))}: ${pair.replace('/', ' / ')}`;
    return [
      {
        ...{ what, wanted: `${isCost(key) ? '≤' : '≥'} ${wanted}`, seen },
        met: meetsGoal(key, seen.median, goals) === true,
        ...(limit && { limit }),
        isOutOfReach: limit !== undefined && meetsGoal(key, limit.median, goals) === false,
      },
    ];
  });
}

/** Ways that are to cost less processor time than every peer's. */
const CHEAP: Record<string, readonly [c: string, mine: readonly string[]]> = {
  consume: ['c-batch-queue', ['batches$', 'messages$']],
  produce: ['c', ['sendBatch']],
};

function costGoals(report: Report): Goal[] {
  return groups(report).flatMap((group): Goal[] => {
    const [c, mine] = CHEAP[group.suite] ?? ['', []];
    if (group.size !== GOAL_SIZE || group.variant !== '') return [];
    const costOf = (row: Row | undefined) => row?.figures.cpuPerMillion?.median;
    const peers = group.rows.filter(
      (row) => described(report, row.suite, row.subject).kind === 'peer' && costOf(row) !== undefined,
    );
    const least = peers.sort((a, b) => (costOf(a) as number) - (costOf(b) as number))[0];
    const theirs = costOf(least);
    if (!least || !theirs) return [];
    const share = (subject: string): Spread | undefined => {
      const cost = costOf(group.rows.find((row) => row.subject === subject));
      return cost === undefined ? undefined : { median: cost / theirs, min: cost / theirs, max: cost / theirs };
    };
    const limit = share(c);
    return mine.flatMap((subject): Goal[] => {
      const seen = share(subject);
      if (!seen) return [];
      return [
        {
          ...{ what: `${group.suite}, ${bytes(group.size)}: CPU of ${subject} / the least of the other clients`, seen },
          ...{ wanted: '≤ 1', met: seen.median <= 1, detail: least.subject },
          ...(limit && { limit }),
          isOutOfReach: limit !== undefined && limit.median > 1,
        },
      ];
    });
  });
}

export function goalTable(report: Report): Table {
  return {
    head: ['goal', 'wanted', 'seen', '', 'C here'],
    rows: goals(report).map(({ what, wanted, seen, met, limit, isOutOfReach, detail }) => ({
      cells: [
        { text: what, ...(detail && { detail }) },
        { text: wanted },
        spreadCell(seen, times),
        { text: met ? 'met' : isOutOfReach ? 'missed, by C too' : 'missed' },
        spreadCell(limit, times),
      ],
    })),
  };
}
