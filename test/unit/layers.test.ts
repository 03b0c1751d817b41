/** Which file may know which: read from the import lines, so that a wrong one fails here and not in a review. */
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

const imports = libFiles.flatMap(importsOf);
const offenders = (wrong: (one: Import) => boolean): string[] =>
  imports.filter(wrong).map(({ from, to }) => `lib/${from}.ts imports ${to}`);

describe('lib/', () => {
  it('has files to check', () => {
    expect(libFiles.length).toBeGreaterThan(5);
    expect(imports.length).toBeGreaterThan(5);
  });

  it('names the addon in native.ts alone', () => {
    const naming = libFiles.filter((file) => stringsOf(file).some((text) => /\.node$/.test(text)));
    expect(naming.filter((file) => file !== 'native')).toEqual([]);
  });

  it('imports rxjs at run time in the observable and its operators alone', () => {
    const allowed = ['stream/observable', 'stream/operators'];
    expect(
      offenders(({ from, to, typeOnly }) => /^rxjs(\/|$)/.test(to) && !typeOnly && !allowed.includes(from)),
    ).toEqual([]);
  });

  it('keeps the streams free of the addon and the clients at run time', () => {
    const clients = ['native', 'client', 'consumer', 'producer', 'admin', 'testing', 'index'];
    expect(
      offenders(({ from, to, typeOnly }) => from.startsWith('stream/') && !typeOnly && clients.includes(to)),
    ).toEqual([]);
  });

  it('keeps batches, messages and serdes free of the addon, so that they test without it', () => {
    const pure = ['chunk', 'batch', 'message', 'serdes', 'errors', 'config', 'capabilities', 'secrets'];
    expect(offenders(({ from, to, typeOnly }) => pure.includes(from) && !typeOnly && to === 'native')).toEqual([]);
  });

  it('imports each optional package in one file, which nobody else imports', () => {
    const optional = { 'prom-client': 'prometheus', '@opentelemetry/api': 'opentelemetry' };
    for (const [name, file] of Object.entries(optional)) {
      expect(imports.filter(({ to }) => to === name).map(({ from }) => from)).toEqual([file]);
      expect(offenders(({ to }) => to === file)).toEqual([]);
    }
  });

  it('keeps what watches clients free of the addon and the clients: it gets its client from its user', () => {
    const watching = ['any-client', 'channels', 'log', 'metrics', 'prometheus', 'opentelemetry'];
    const clients = ['native', 'client', 'consumer', 'producer', 'admin'];
    expect(offenders(({ from, to, typeOnly }) => watching.includes(from) && !typeOnly && clients.includes(to))).toEqual(
      [],
    );
  });

  it('imports nothing from the index, and nothing outside of lib but node, rxjs and the optional packages', () => {
    expect(offenders(({ to }) => to === 'index')).toEqual([]);
    const known = /^(node:|rxjs(\/|$)|prom-client$|@opentelemetry\/api$)/;
    expect(offenders(({ to }) => to.startsWith('..') || (!libFiles.includes(to) && !known.test(to)))).toEqual([]);
  });

  it('has no import cycles at run time', () => {
    const edges = new Map(
      libFiles.map((file) => [
        file,
        importsOf(file)
          .filter((one) => !one.typeOnly)
          .map((one) => one.to),
      ]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const walk = (file: string, path: string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      else if (!done.has(file)) {
        for (const to of edges.get(file) ?? []) walk(to, [...path, file]);
        done.add(file);
      }
    };
    for (const file of libFiles) walk(file, []);
    expect(cycles).toEqual([]);
  });

  it('defines nothing in index.ts', () => {
    const statements = existsSync(join(lib, 'index.ts')) ? [...treeOf('index').statements] : [];
    const own = statements.filter((statement) => !(ts.isExportDeclaration(statement) && statement.moduleSpecifier));
    expect(own.map((statement) => statement.getText())).toEqual([]);
  });
});

describe('native/', () => {
  const native = join(root, 'native');
  const textOf = (file: string): string => readFileSync(join(native, file), 'utf8');
  const includesOf = (file: string): string[] =>
    [...textOf(file).matchAll(/^\s*#include\s+["<]([^">]+)[">]/gm)].map((match) => match[1] ?? '');
  /** Everything a file includes, through our own headers too. */
  const reachable = (file: string, seen = new Set<string>()): Set<string> => {
    for (const name of includesOf(file)) {
      if (seen.has(name)) continue;
      seen.add(name);
      if (existsSync(join(native, name))) reachable(name, seen);
    }
    return seen;
  };

  it.each(['rd.h', 'batch.h', 'batch.cc'])('%s compiles without Node-API', (file) => {
    const napi = [...reachable(file)].filter((name) => /napi|^node_api|^js_native_api|^node\.h|^v8/.test(name));
    expect(napi).toEqual([]);
  });

  it('includes napi.h in napi_setup.h alone, after the macros that configure it', () => {
    const including = readdirSync(native).filter(
      (file) => /\.(cc|h)$/.test(file) && includesOf(file).includes('napi.h'),
    );
    expect(including).toEqual(['napi_setup.h']);
  });

  it('gates on the librdkafka version in rd.h alone', () => {
    const gating = readdirSync(native).filter((file) => /^\s*#\s*(if|elif)\b.*RD_KAFKA_VERSION/m.test(textOf(file)));
    expect(gating.filter((file) => file !== 'rd.h')).toEqual([]);
  });
});
