/** Which file may import which, read from the import lines. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import * as ts from 'typescript';

const root = resolve(__dirname, '../..');
const lib = join(root, 'lib');

interface Import {
  /** File in lib/, without `.ts`. */
  from: string;
  /** File in lib/ without `.ts`, or a package name as written. */
  to: string;
  typeOnly: boolean;
}

const libFiles = readdirSync(lib, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -3));

const treeOf = (file: string): ts.SourceFile =>
  ts.createSourceFile(file, readFileSync(join(lib, `${file}.ts`), 'utf8'), ts.ScriptTarget.ES2022, true);

/** Every string written in a file's code: comments may say the forbidden words when they explain the rules. */
function stringsOf(file: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      found.push(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(treeOf(file));
  return found;
}

function importsOf(file: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return;
    const path = specifier.text;
    found.push({
      from: file,
      to: path.startsWith('.') ? relative(lib, resolve(lib, dirname(file), path)) : path,
      typeOnly,
    });
  };
  const onlyTypes = (names: ts.NamedImportBindings | ts.NamedExportBindings | undefined): boolean =>
    names !== undefined &&
    (ts.isNamedImports(names) || ts.isNamedExports(names)) &&
    names.elements.length > 0 &&
    names.elements.every((element) => element.isTypeOnly);
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const clause = node.importClause;
      add(
        node.moduleSpecifier,
        clause !== undefined && (clause.isTypeOnly || (!clause.name && onlyTypes(clause.namedBindings))),
      );
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly || onlyTypes(node.exportClause));
    } else if (
      ts.isCallExpression(node) &&
      (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === 'require')
    ) {
      add(node.arguments[0], false);
    }
    ts.forEachChild(node, visit);
  };
  visit(treeOf(file));
  return found;
}

/** Import circles, each as the path that closes it. */
function circlesOf(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const circles: string[] = [];
  const walk = (file: string, path: string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    else if (!done.has(file)) {
      for (const to of edges.get(file) ?? []) walk(to, [...path, file]);
      done.add(file);
    }
  };
  for (const file of edges.keys()) walk(file, []);
  return circles;
}

const imports = libFiles.flatMap(importsOf);
const offenders = (wrong: (one: Import) => boolean): string[] =>
  imports.filter(wrong).map(({ from, to }) => `lib/${from}.ts imports ${to}`);

/**
 * The rooms of lib/. A room imports from itself and from the rooms named here, type imports included; `lines` bounds its
 * size. Raise a bound only with the reason in the commit.
 */
const rooms: Readonly<Record<string, { readonly imports: readonly string[]; readonly lines: number }>> = {
  generated: { imports: [], lines: 2_000 },
  core: { imports: ['generated'], lines: 900 },
  serde: { imports: ['core'], lines: 320 },
  message: { imports: ['core', 'serde'], lines: 900 },
  native: { imports: ['core', 'generated'], lines: 520 },
  config: { imports: ['core', 'generated', 'native'], lines: 560 },
  client: { imports: ['core', 'generated', 'serde', 'message', 'native', 'config'], lines: 800 },
  produce: { imports: ['core', 'generated', 'serde', 'message', 'native', 'config', 'client'], lines: 1_400 },
  consume: { imports: ['core', 'generated', 'serde', 'message', 'native', 'config', 'client'], lines: 6_950 },
  admin: { imports: ['core', 'generated', 'serde', 'message', 'native', 'config', 'client'], lines: 400 },
  observe: {
    imports: ['core', 'generated', 'serde', 'message', 'native', 'config', 'client', 'produce', 'consume', 'admin'],
    lines: 1_400,
  },
};
/** What users import; a door may import every room, and no room imports a door. */
const doors = ['index', 'testing'];
const roomOf = (file: string): string => file.split('/')[0] as string;

describe('lib/', () => {
  it('has files to check', () => {
    expect(libFiles.length).toBeGreaterThan(5);
    expect(imports.length).toBeGreaterThan(5);
  });

  it('consists of the rooms of the table and the doors', () => {
    const found = new Set(libFiles.map(roomOf));
    expect([...found].toSorted()).toEqual([...Object.keys(rooms), ...doors].toSorted());
  });

  it('imports in one direction only, type imports included', () => {
    const wrong = offenders(({ from, to }) => {
      if (doors.includes(from) || !libFiles.includes(to)) return false;
      const [own, other] = [roomOf(from), roomOf(to)];
      return own !== other && rooms[own]?.imports.includes(other) !== true;
    });
    expect(wrong).toEqual([]);
  });

  it('keeps every room within its lines', () => {
    const linesOf = (room: string): number =>
      libFiles
        .filter((file) => roomOf(file) === room)
        .reduce((sum, file) => sum + readFileSync(join(lib, `${file}.ts`), 'utf8').split('\n').length - 1, 0);
    const over = Object.entries(rooms)
      .map(([room, { lines }]) => ({ room, lines, has: linesOf(room) }))
      .filter(({ lines, has }) => has > lines);
    expect(over).toEqual([]);
  });

  it('has no import circle, type imports included', () => {
    const edges = new Map(libFiles.map((file) => [file, importsOf(file).map((one) => one.to)]));
    expect(circlesOf(edges)).toEqual([]);
  });

  it('names the addon in native/addon.ts alone', () => {
    const naming = libFiles.filter((file) => stringsOf(file).some((text) => /\.node$/.test(text)));
    expect(naming.filter((file) => file !== 'native/addon')).toEqual([]);
  });

  it('imports rxjs at run time in the observable views and the operators alone', () => {
    const allowed = [
      'core/observe-events',
      'consume/stream/observable',
      'consume/stream/partitions',
      'consume/operators',
    ];
    expect(
      offenders(({ from, to, typeOnly }) => /^rxjs(\/|$)/.test(to) && !typeOnly && !allowed.includes(from)),
    ).toEqual([]);
  });

  it('keeps the stream core free of the addon and the client at run time, so that a simulator can drive it', () => {
    const facades = ['consume/consumer'];
    expect(
      offenders(
        ({ from, to, typeOnly }) =>
          roomOf(from) === 'consume' &&
          !facades.includes(from) &&
          !typeOnly &&
          ['native/addon', 'client/client', ...facades].includes(to),
      ),
    ).toEqual([]);
  });

  it('loads the addon in the clients and the doors alone', () => {
    const clients = ['client/client', 'consume/consumer', 'produce/producer', 'admin/admin', 'testing'];
    expect(
      offenders(({ from, to, typeOnly }) => to === 'native/addon' && !typeOnly && !clients.includes(from)),
    ).toEqual([]);
  });

  it('imports each optional package behind its own door, which no file imports', () => {
    const optional: Readonly<Record<string, readonly [door: string, ...behind: string[]]>> = {
      'prom-client': ['observe/prometheus'],
      '@opentelemetry/api': ['observe/opentelemetry', 'observe/tracing', 'observe/trace-context'],
    };
    for (const [name, files] of Object.entries(optional)) {
      expect(imports.filter(({ to }) => to === name).map(({ from }) => from)).toEqual(expect.arrayContaining(files));
      expect(offenders(({ from, to }) => to === name && !files.includes(from))).toEqual([]);
      expect(offenders(({ from, to }) => files.includes(to) && (to === files[0] || !files.includes(from)))).toEqual([]);
    }
  });

  it('keeps observers free of the addon and the clients: the user passes the client in', () => {
    const clients = ['native/addon', 'client/client', 'consume/consumer', 'produce/producer', 'admin/admin'];
    expect(
      offenders(({ from, to, typeOnly }) => roomOf(from) === 'observe' && !typeOnly && clients.includes(to)),
    ).toEqual([]);
  });

  it('imports nothing from outside lib but node, rxjs and the optional packages', () => {
    const known = /^(node:|rxjs(\/|$)|prom-client$|@opentelemetry\/api$|@rdkafka-rx\/)/;
    expect(offenders(({ to }) => to.startsWith('..') || (!libFiles.includes(to) && !known.test(to)))).toEqual([]);
  });

  it('defines nothing in index.ts', () => {
    const statements = existsSync(join(lib, 'index.ts')) ? [...treeOf('index').statements] : [];
    const own = statements.filter((statement) => !(ts.isExportDeclaration(statement) && statement.moduleSpecifier));
    expect(own.map((statement) => statement.getText())).toEqual([]);
  });
});

/**
 * The rooms of native/, folders and single files on the ground floor. A room includes from itself and from the rooms
 * named here. `lines` bounds its size. Raise a bound only with the reason in the commit.
 */
const ground = ['rd', 'clock', 'napi_setup', 'js', 'error', 'partitions', 'conf', 'openssl'];
const underClient = [...ground, 'wire', 'env', 'handle', 'loop'];
const nativeRooms: Readonly<Record<string, { readonly includes: readonly string[]; readonly lines: number }>> = {
  rd: { includes: [], lines: 120 },
  clock: { includes: [], lines: 30 },
  napi_setup: { includes: [], lines: 30 },
  openssl: { includes: [], lines: 30 },
  js: { includes: ['napi_setup'], lines: 110 },
  error: { includes: ['rd', 'js'], lines: 90 },
  partitions: { includes: ['rd', 'error'], lines: 110 },
  conf: { includes: ['rd', 'error'], lines: 110 },
  wire: { includes: ['rd'], lines: 560 },
  env: { includes: ['clock', 'napi_setup', 'js', 'wire'], lines: 110 },
  handle: { includes: ['rd'], lines: 80 },
  loop: { includes: [...ground, 'wire', 'env', 'handle'], lines: 800 },
  client: { includes: underClient, lines: 280 },
  consume: { includes: [...underClient, 'client'], lines: 1_150 },
  produce: { includes: [...underClient, 'client'], lines: 620 },
  admin: { includes: [...underClient, 'client'], lines: 420 },
  mock_cluster: { includes: [...underClient, 'client'], lines: 220 },
  addon: { includes: ['env', 'consume', 'produce', 'admin', 'mock_cluster'], lines: 60 },
};

describe('bench/', () => {
  it('has no import circle, type imports included', () => {
    const bench = join(root, 'bench');
    const files = readdirSync(bench, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
      .map((name) => name.slice(0, -3));
    const edges = new Map(
      files.map((file) => {
        const text = readFileSync(join(bench, `${file}.ts`), 'utf8');
        const specifiers = [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, path]) => path as string);
        return [file, specifiers.map((path) => relative(bench, resolve(bench, dirname(file), path)))];
      }),
    );
    expect(circlesOf(edges)).toEqual([]);
  });
});

describe('native/', () => {
  const native = join(root, 'native');
  const sources = readdirSync(native, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(cc|h)$/.test(file));
  const textOf = (file: string): string => readFileSync(join(native, file), 'utf8');
  const includesOf = (file: string): string[] =>
    [...textOf(file).matchAll(/^\s*#\s*include\s+["<]([^">]+)[">]/gm)].map((match) => match[1] ?? '');
  const nativeRoomOf = (file: string): string => (file.split('/')[0] as string).replace(/\.(cc|h)$/, '');
  /** Everything a file includes, through our own headers too. */
  const reachable = (file: string, seen = new Set<string>()): Set<string> => {
    for (const name of includesOf(file)) {
      if (seen.has(name)) continue;
      seen.add(name);
      if (existsSync(join(native, name))) reachable(name, seen);
    }
    return seen;
  };

  it('consists of the rooms of the table', () => {
    expect([...new Set(sources.map(nativeRoomOf))].toSorted()).toEqual(Object.keys(nativeRooms).toSorted());
  });

  it('includes its own files by their path from native/', () => {
    const own = (file: string): string[] =>
      [...textOf(file).matchAll(/#\s*include\s+"([^"]+)"/g)].map((it) => it[1] ?? '');
    const unknown = sources.flatMap((file) =>
      own(file)
        .filter((name) => !sources.includes(name))
        .map((name) => `native/${file} includes ${name}`),
    );
    expect(unknown).toEqual([]);
  });

  it('includes in one direction only', () => {
    const wrong = sources.flatMap((file) =>
      includesOf(file)
        .filter((name) => sources.includes(name))
        .filter((name) => {
          const [own, other] = [nativeRoomOf(file), nativeRoomOf(name)];
          return own !== other && nativeRooms[own]?.includes.includes(other) !== true;
        })
        .map((name) => `native/${file} includes ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it('has no include circle, a header and its source taken as one', () => {
    const unitOf = (file: string): string => file.replace(/\.(cc|h)$/, '');
    const edges = new Map<string, string[]>();
    for (const file of sources) {
      const to = includesOf(file).filter((name) => sources.includes(name) && unitOf(name) !== unitOf(file));
      edges.set(unitOf(file), [...(edges.get(unitOf(file)) ?? []), ...to.map(unitOf)]);
    }
    expect(circlesOf(edges)).toEqual([]);
  });

  it('keeps every room within its lines, and every file near 400', () => {
    const linesOf = (file: string): number => textOf(file).split('\n').length - 1;
    const over = Object.entries(nativeRooms)
      .map(([room, { lines }]) => ({
        room,
        lines,
        has: sources.filter((file) => nativeRoomOf(file) === room).reduce((sum, file) => sum + linesOf(file), 0),
      }))
      .filter(({ lines, has }) => has > lines);
    expect(over).toEqual([]);
    expect(sources.filter((file) => linesOf(file) > 420)).toEqual([]);
  });

  it('keeps rd.h and wire/ free of Node-API, so that the C++ tests run without Node', () => {
    const free = sources.filter((file) => ['rd', 'wire'].includes(nativeRoomOf(file)));
    expect(free).toEqual(expect.arrayContaining(['rd.h', 'wire/chunk.h', 'wire/chunk.cc']));
    const including = free.filter((file) =>
      [...reachable(file)].some((name) => /napi|^node_api|^js_native_api|^node\.h|^v8/.test(name)),
    );
    expect(including).toEqual([]);
  });

  it('includes napi.h in napi_setup.h alone, after the macros that configure it', () => {
    expect(sources.filter((file) => includesOf(file).includes('napi.h'))).toEqual(['napi_setup.h']);
  });

  it('gates on the librdkafka version in rd.h alone', () => {
    const gating = sources.filter((file) => /^\s*#\s*(if|elif)\b.*RD_KAFKA_VERSION/m.test(textOf(file)));
    expect(gating).toEqual(['rd.h']);
  });
});
