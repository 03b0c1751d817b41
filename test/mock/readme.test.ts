/** The examples of the README and the guides compile and run, and what the pages name is there. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorCodes } from 'rdkafka-rx';
import { expectHandles } from '../support/handles';
import { type Block, blocks, compile, pages, root, run } from './doc-blocks';

// A program with all of lib/ is compiled.
jest.setTimeout(60_000);

const of = (...languages: string[]) => blocks.filter(({ language }) => languages.includes(language));
const readText = (path: string) => readFileSync(join(root, path), 'utf8');

test('every code block has a language that is checked here', () => {
  const known = ['ts', 'sh', 'json', 'yaml', 'dockerfile', 'text'];
  expect(blocks.filter(({ language }) => !known.includes(language)).map(({ at }) => at)).toEqual([]);
  expect(of('ts').length).toBeGreaterThan(20);
});

test('the programs compile', () => {
  expect(compile(of('ts'))).toEqual([]);
});

describe('the programs run and print', () => {
  const programs = of('ts').filter(({ mark }) => mark !== 'broker');
  const kill = jest.spyOn(process, 'kill').mockReturnValue(true);
  const results = new Map<Block, Promise<string[]>>();

  beforeAll(() => {
    // All at once: most of the time a program waits for its group.
    for (const block of programs) results.set(block, run(block));
    for (const result of results.values()) result.catch(() => {});
  });
  afterAll(async () => {
    kill.mockRestore();
    await expectHandles(0);
  });

  test.each(programs.map((block) => [block.at, block] as const))('%s', async (_, block) => {
    expect(await results.get(block)).toEqual(block.prints);
  });
});

test('no mark is misspelt, and what is compiled only promises no output', () => {
  expect(blocks.filter(({ mark, language }) => mark !== '' && !(language === 'ts' && mark === 'broker'))).toEqual([]);
  expect(blocks.filter(({ prints, mark, language }) => prints && (mark || language !== 'ts'))).toEqual([]);
});

test('JSON can be parsed, and the shell understands its commands', () => {
  for (const { code } of of('json')) expect(() => JSON.parse(code)).not.toThrow();
  const script = of('sh').map(({ code }) => code);
  expect(spawnSync('bash', ['-n'], { input: script.join('\n'), encoding: 'utf8' })).toMatchObject({
    status: 0,
    stderr: '',
  });
});

test('the files that the design page names are there, and it leaves none out', () => {
  const design = readText('docs/design.md');
  const named = new Set(
    [...design.matchAll(/`((?:native|lib|test|scripts)\/[\w./-]*\w)`/g)].map(([, path]) => path as string),
  );
  expect([...named].filter((path) => !existsSync(join(root, path)))).toEqual([]);
  const sources = ['native', 'lib'].flatMap((directory) =>
    readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' }).map((name) => `${directory}/${name}`),
  );
  // A C++ source belongs to the header of its name.
  const expected = sources.filter(
    (path) => /\.(ts|h)$/.test(path) && !/index\.ts$|napi_setup\.h$|^lib\/generated\//.test(path),
  );
  expect(expected.filter((path) => !named.has(path))).toEqual([]);
});

/** As GitHub makes anchors of headings. */
const anchorsOf = (text: string) =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    (heading as string)
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

test('the files and headings that are linked to are there, and every guide is linked from the README', () => {
  const broken: string[] = [];
  for (const [page, text] of pages) {
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)];
    for (const [, path, anchor] of links) {
      const target = path ? join(dirname(page), path) : page;
      const there = existsSync(join(root, target));
      if (!there || (anchor && !anchorsOf(readText(target)).includes(anchor)))
        broken.push(`${page}: ${path}#${anchor}`);
    }
  }
  expect(broken).toEqual([]);
  const guides = [...pages.keys()].filter((path) => path.startsWith('docs/'));
  const readme = pages.get('README.md') as string;
  expect(guides.filter((path) => !readme.includes(`](${path})`))).toEqual([]);
});

test('the commands that are named are there', () => {
  const { scripts } = JSON.parse(readText('package.json'));
  const all = [...pages.values()].join('\n');
  const named = [...all.matchAll(/npm (?:run ([a-z]+(?::[a-z]+)*)|(start|test)\b)/g)].map(([, run, own]) => run ?? own);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => name === undefined || scripts[name] === undefined)).toEqual([]);
  const demos = [...all.matchAll(/`(?:node dist-examples\/)?([a-z]+(?:-[a-z]+)*-demo)\.js/g)].map(([, name]) => name);
  expect(demos.length).toBeGreaterThan(3);
  expect(demos.filter((name) => !existsSync(join(root, 'examples', `${name}.ts`)))).toEqual([]);
});

test('the page about errors has every code, once in its tables, and names no other', () => {
  const page = pages.get('docs/errors.md') as string;
  const tables = page
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .join('\n');
  const inTables = [...tables.matchAll(/`([A-Z_]*[A-Z][A-Z_]+)`/g)].map(([, name]) => name as string);
  const source = readText('lib/core/errors.ts');
  const ours = [...source.matchAll(/^ {2}\| '(ERR_KAFKA_CLIENT_\w+)'/gm)].map(([, code]) => code as string);
  const expected = [...Object.keys(errorCodes).filter((name) => name !== 'NO_ERROR'), ...ours, 'ABORT_ERR'];
  expect(ours.length).toBeGreaterThan(5);
  expect(inTables.toSorted()).toEqual(expected.toSorted());
});
