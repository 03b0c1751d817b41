/** Rows of the core comparison: the same topic read in every mode, at several batch sizes and with several commits. */
import type { Subject } from '../trial';

export const BATCH_SIZES = [1, 10, 100, 1000, 10_000] as const;

/** Rounds of the modes that join a group, or fetch anew, for every batch: each takes milliseconds and more. */
const NAIVE_ROUNDS = 20;
const ASSIGN_ROUNDS = 20;
/** Commits that are waited for one after another. */
const COMMITS = 300;
/** What every message, or every few of them, costs a batch of its own. */
const SMALL_BATCHES = 200_000;

interface Mode {
  name: string;
  note: string;
  /** Batches at most. */
  rounds?: number;
}

const NAIVE: Mode = {
  name: 'naive',
  rounds: NAIVE_ROUNDS,
  note: 'for every batch: subscribe, collect until it is full or all ends are reached, commit, unsubscribe',
};
const ASSIGN: Mode = {
  name: 'assign',
  rounds: ASSIGN_ROUNDS,
  note: 'for every batch: assign at the offsets kept, collect, commit, unassign; no group to join',
};
const PERSISTENT: Mode[] = [
  { name: 'take', note: 'batched, pull: await take() in a loop' },
  { name: 'runBatch', note: 'batched, managed: acknowledged when the handler returns' },
  { name: 'batches$', note: 'reactive, batches made by the stream' },
  { name: 'bufferCount', note: "reactive, messages$.pipe(bufferCount(n)): RxJS's own buffer" },
  { name: 'for-await', note: 'for await of batches' },
  { name: 'readable', note: 'a Node stream of batches' },
];

/** Surfaces that can wait for a commit of what they were given; a managed handler acknowledges by returning. */
const COMMITTING = PERSISTENT.map(({ name }) => name).filter((name) => name !== 'runBatch' && name !== 'readable');
const committing = (batch: number): Pick<Subject, 'batch' | 'commits' | 'most' | 'real' | 'note'> => ({
  ...{ batch, commits: 'batch', most: batch * COMMITS, real: true },
  note: 'the same, a commit after every batch, waited for; without: now and then, coalesced',
});

export function modes(): Subject[] {
  const rows: Subject[] = [];
  for (const batch of BATCH_SIZES) {
    rows.push({
      suite: 'modes',
      name: `c-batch-queue@${batch}`,
      run: { program: 'consume', args: ['--batch', String(batch)] },
      batch,
      note: `C, rd_kafka_consume_batch_queue of at most ${batch}: the limit`,
    });
    rows.push({
      suite: 'modes',
      name: `c-batch-queue@${batch}+commit`,
      run: { program: 'consume', args: ['--batch', String(batch), '--commit'] },
      ...committing(batch),
    });
    for (const { name, note, rounds = 0 } of [NAIVE, ASSIGN]) {
      rows.push({
        suite: 'modes',
        name: `${name}@${batch}`,
        run: { module: 'naive', mode: name },
        ...{ batch, most: batch * rounds, commits: 'batch', real: true, note },
      });
    }
    for (const { name, note } of PERSISTENT) {
      const run = { module: 'consume', mode: name };
      const most = batch < 100 ? { most: batch * SMALL_BATCHES } : {};
      rows.push({ suite: 'modes', name: `${name}@${batch}`, run, batch, ...most, note });
      if (COMMITTING.includes(name)) {
        rows.push({ suite: 'modes', name: `${name}@${batch}+commit`, run, ...committing(batch) });
      }
    }
  }
  const run = { module: 'consume', mode: 'messages$' };
  rows.push({ suite: 'modes', name: 'messages$', run, note: 'reactive, message by message; commits now and then' });
  rows.push({
    suite: 'modes',
    name: 'messages$+commit',
    run,
    ...{ commits: 'message', most: COMMITS, real: true, note: 'the same, a commit after every message' },
  });
  return rows;
}

/** Every mode beside the C loop with batches of its size, and every other way to get batches beside the pull loop. */
export const MODE_RATIOS: readonly (readonly [string, string])[] = [
  ...BATCH_SIZES.flatMap((batch) => [
    ...[NAIVE, ASSIGN, ...PERSISTENT].map(({ name }) => [`${name}@${batch}`, `c-batch-queue@${batch}`] as const),
    ...[NAIVE, ASSIGN, ...PERSISTENT.slice(1)].map(({ name }) => [`${name}@${batch}`, `take@${batch}`] as const),
    ...COMMITTING.map((name) => [`${name}@${batch}+commit`, `c-batch-queue@${batch}+commit`] as const),
  ]),
  ['messages$', 'take@1000'],
  ['messages$', 'batches$@1000'],
  ['messages$', 'c-batch-queue@1'],
  ['messages$', 'c-batch-queue@1000'],
];
