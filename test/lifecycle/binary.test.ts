/** The built addon as a file: what it exports, what it needs, how it is linked. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

const addon = process.env.RDKAFKA_RX_ADDON ?? resolve(__dirname, '../../build/Release/rdkafka_rx.node');
const ask = (program: string, ...args: string[]): string =>
  execFileSync(program, [...args, addon], { encoding: 'utf8', maxBuffer: 1 << 26 });
const describeOnLinux = process.platform === 'linux' ? describe : describe.skip;
const linksLibrdkafkaIn = process.env.RDKAFKA_RX_LIBRDKAFKA !== 'system';

describeOnLinux('rdkafka_rx.node', () => {
  it('exports the two entry points of Node-API and nothing else', () => {
    const exported = ask('nm', '-D', '--defined-only').trim().split('\n');
    expect(exported.map((line) => line.split(/\s+/).at(-1)).sort()).toEqual([
      'napi_register_module_v1',
      'node_api_module_get_api_version_v1',
    ]);
  });

  const dynamic = ask('readelf', '-d', '-W');

  it('stays mapped, is relocated before it runs, and binds its own symbols', () => {
    // Without NODELETE a worker that ends unmaps the code that librdkafka's threads are running.
    expect(dynamic).toMatch(/FLAGS_1.*NOW.*NODELETE/);
    expect(dynamic).toMatch(/\(FLAGS\).*SYMBOLIC/);
    expect(dynamic).not.toContain('TEXTREL');
    const segments = ask('readelf', '-l', '-W');
    expect(segments).toMatch(/GNU_RELRO/);
    expect(segments).toMatch(/GNU_STACK\s.*\sRW\s/);
  });

  it('needs the system libraries, and what could only be linked dynamically', () => {
    const needed = [...dynamic.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map((match) => match[1] ?? '');
    const allowed = [
      /^lib(c|m|dl|rt|pthread|stdc\+\+|gcc_s)\.so/,
      /^ld-/,
      /^lib(z|zstd|ssl|crypto|curl)\.so/,
      ...(linksLibrdkafkaIn ? [] : [/^librdkafka\.so\.1$/]),
    ];
    expect(needed.filter((name) => !allowed.some((pattern) => pattern.test(name)))).toEqual([]);
  });

  it('takes from Node nothing but Node-API where OpenSSL is linked in statically', () => {
    const undefinedSymbols = ask('nm', '-D', '--undefined-only').trim().split('\n');
    const names = undefinedSymbols.map((line) => line.trim().split(/\s+/).at(-1) ?? '');
    const tls = names.filter((name) => /^(SSL|TLS|EVP|X509|BIO|PEM|OPENSSL|CRYPTO|ENGINE|PKCS12)_/.test(name));
    // All of it, or none of it: half of a library bound to another copy is what crashes.
    if (tls.length > 0) expect(tls).toContain('SSL_new');
    expect(names.filter((name) => /^(_ZN2v8|uv_)/.test(name))).toEqual([]);
  });

  it('checks its stack', () => {
    expect(ask('nm', '-D', '--undefined-only')).toContain('__stack_chk_fail');
  });
});

it('is not loaded where Node-API is too old for it, and the error says which Node it takes', () => {
  const program = `
    Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.2.0', napi: '8' } });
    try {
      require(${JSON.stringify(resolve(__dirname, '../../dist'))});
    } catch (error) {
      console.log(error.name, error.message);
    }
  `;
  expect(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' })).toBe(
    'LoadError rdkafka-rx needs Node 20.3 or newer (Node-API 9); this is 20.2.0 (Node-API 8)\n',
  );
});
