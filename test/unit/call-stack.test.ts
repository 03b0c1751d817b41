import { callersOf } from '../../lib/core/call-stack';

const pause = () => new Promise<void>((resolve) => setImmediate(resolve));

function ask() {
  return callersOf(ask);
}

const names = (callers: readonly { name: string | null }[]) => callers.map(({ name }) => name);

it('names those that called, nearest first, also after an await', async () => {
  const inner = async () => {
    await pause();
    return ask();
  };
  const outer = async () => {
    const [found] = await Promise.all([inner(), pause()]);
    return found;
  };
  const found = names((await outer()) ?? []);
  expect(found[0]).toBe('inner');
  expect(found).toContain('outer');
});

it('gives every call of a function the same text, and another function another', async () => {
  const asks = () => ask();
  const other = () => ask();
  const [first, second, third] = [asks(), asks(), other()].map(([caller]) => caller?.text);
  expect(first).toMatch(/call-stack\.test\.ts:\d+:\d+$/);
  expect(second).toBe(first);
  expect(third).not.toBe(first);
});

it('leaves the settings of stack traces as they were', () => {
  const before = [Error.stackTraceLimit, Error.prepareStackTrace];
  ask();
  expect([Error.stackTraceLimit, Error.prepareStackTrace]).toEqual(before);
});
