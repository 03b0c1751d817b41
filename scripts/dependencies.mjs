// Which TLS, compression and helper libraries go into the pinned librdkafka, and how each is linked.
//
// Static archives are preferred: Node exports its own OpenSSL and zlib, and a shared library's imports bind to those, so that only a static
// one is the same under every Node. RDKAFKA_RX_OPENSSL=static|shared|node|none overrides the choice for OpenSSL, RDKAFKA_RX_CURL=static
// adds a curl that shares the static one.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BuildError, installHint, links, nodeHeaders, pkgConfig, staticArchive } from './toolchain.mjs';

const packages = {
  openssl: {
    apt: 'libssl-dev',
    dnf: 'openssl-devel',
    apk: 'openssl-dev openssl-libs-static',
    pacman: 'openssl',
    brew: 'openssl@3',
  },
  zlib: { apt: 'zlib1g-dev', dnf: 'zlib-devel', apk: 'zlib-dev zlib-static', pacman: 'zlib', brew: 'zlib' },
  zstd: { apt: 'libzstd-dev', dnf: 'libzstd-devel', apk: 'zstd-dev zstd-static', pacman: 'zstd', brew: 'zstd' },
  curl: { apt: 'libcurl4-openssl-dev', dnf: 'libcurl-devel', apk: 'curl-dev', pacman: 'curl', brew: 'curl' },
};

/** What this machine lacks, a line each. */
let missing = [];

/** Compile and link flags of an installed library, or null. pkg-config only says where; the compiler has the last word. */
function installed(name, module, headers, names) {
  const brewed =
    process.platform === 'darwin'
      ? ['/opt/homebrew/opt', '/usr/local/opt'].map((at) => `${at}/${names.brew}/lib/pkgconfig`)
      : [];
  // What the user says comes before what Homebrew has.
  const env = { PKG_CONFIG_PATH: [process.env.PKG_CONFIG_PATH, ...brewed].filter(Boolean).join(':') };
  const cflags = pkgConfig(['--cflags-only-I', module], env) ?? [];
  const search = pkgConfig(['--libs-only-L', module], env) ?? [];
  const source = `${headers.map((header) => `#include <${header}>`).join('\n')}\nint main(void) { return 0; }\n`;
  const libs = name.map((library) => `-l${library}`);
  return links(source, [...cflags, ...search, ...libs]) ? { cflags, search, libs } : null;
}

/** What librdkafka calls of each archive, enough to pull in all it needs. */
const symbols = {
  ssl: ['SSL_new', 'SSL_CTX_new', 'SSL_connect'],
  crypto: [
    'EVP_DigestInit_ex',
    'X509_verify_cert',
    'PEM_read_bio_X509',
    'PKCS12_parse',
    'ENGINE_by_id',
    'OSSL_PROVIDER_load',
  ],
  z: ['inflate', 'deflate', 'crc32', 'deflateBound'],
  zstd: [
    'ZSTD_decompress',
    'ZSTD_compressStream',
    'ZSTD_getFrameContentSize',
    'ZSTD_getErrorName',
    'ZSTD_getErrorCode',
  ],
};

/** The static archives, or null when one is not there or cannot be used. */
function archives(library, names) {
  const found = names.map((name) => staticArchive(`lib${name}.a`, symbols[name], library.search));
  return found.every(Boolean) ? found : null;
}

function openssl() {
  const forced = process.env.RDKAFKA_RX_OPENSSL?.trim() || '';
  if (!['', 'static', 'shared', 'node', 'none'].includes(forced)) {
    throw new BuildError(`RDKAFKA_RX_OPENSSL is '${forced}': give static, shared, node or none.`);
  }
  if (forced === 'none') return { mode: 'none', libs: [], cflags: [] };
  const hint = installHint(packages.openssl);
  const library =
    forced === 'node' ? null : installed(['ssl', 'crypto'], 'openssl', ['openssl/ssl.h'], packages.openssl);
  const found = library && forced !== 'shared' ? archives(library, ['ssl', 'crypto']) : null;
  if (found) return { mode: 'static', libs: found, cflags: library.cflags, version: opensslVersion(library.cflags) };
  if (forced === 'static')
    throw new BuildError(`RDKAFKA_RX_OPENSSL=static needs libssl.a and its headers: install them with \`${hint}\`.`);
  if (library)
    return {
      mode: 'shared',
      libs: [...library.search, ...library.libs],
      cflags: library.cflags,
      version: opensslVersion(library.cflags),
    };
  if (forced === 'shared')
    throw new BuildError(`RDKAFKA_RX_OPENSSL=shared needs OpenSSL's headers: install them with \`${hint}\`.`);
  const headers = nodeHeaders();
  if (headers && existsSync(join(headers.include, 'openssl/ssl.h'))) {
    missing.push(`no OpenSSL headers installed: TLS uses the OpenSSL inside Node (${hint} for a separate one).`);
    return {
      mode: 'node',
      libs: [],
      cflags: [],
      nodeInclude: headers.include,
      version: opensslVersion([`-I${headers.include}`]),
    };
  }
  if (forced === 'node')
    throw new BuildError(
      "RDKAFKA_RX_OPENSSL=node needs Node's headers, openssl/ssl.h among them: set npm's nodedir to where they are.",
    );
  missing.push(`neither OpenSSL nor Node's headers found: built without TLS and SASL/SCRAM (${hint}).`);
  return { mode: 'none', libs: [], cflags: [] };
}

/** Part of the cache key: another OpenSSL means another build. */
function opensslVersion(cflags) {
  const directories = [...cflags.map((flag) => flag.replace(/^-I/, '')), '/usr/include', '/usr/local/include'];
  const header = directories.map((directory) => join(directory, 'openssl/opensslv.h')).find((path) => existsSync(path));
  return /OPENSSL_VERSION_TEXT\s+"([^"]+)"/.exec(header ? readFileSync(header, 'utf8') : '')?.[1] ?? 'unknown';
}

function linked(library, names) {
  const found = archives(library, names);
  return {
    mode: found ? 'static' : 'shared',
    libs: found ?? [...library.search, ...library.libs],
    cflags: library.cflags,
  };
}

function zlib() {
  const library = installed(['z'], 'zlib', ['zlib.h'], packages.zlib);
  if (library) return linked(library, ['z']);
  const headers = nodeHeaders();
  const hint = installHint(packages.zlib);
  if (headers && existsSync(join(headers.include, 'zlib.h'))) {
    missing.push(`no zlib headers installed: gzip uses the zlib inside Node (${hint} for a separate one).`);
    return { mode: 'node', libs: [], cflags: [], nodeInclude: headers.include };
  }
  missing.push(`zlib not found: built without gzip compression (${hint}).`);
  return { mode: 'none', libs: [], cflags: [] };
}

function zstd() {
  const library = installed(['zstd'], 'libzstd', ['zstd.h'], packages.zstd);
  if (library) return linked(library, ['zstd']);
  missing.push(`zstd not found: built without zstd compression (${installHint(packages.zstd)}).`);
  return { mode: 'none', libs: [], cflags: [] };
}

function curl(tls) {
  const wanted = process.env.RDKAFKA_RX_CURL?.trim() || '';
  if (wanted !== '' && (wanted !== 'static' || tls.mode !== 'static'))
    throw new BuildError(
      `RDKAFKA_RX_CURL is '${wanted}': leave it out, or give static, which takes a static OpenSSL (here: ${tls.mode}).`,
    );
  // What it takes is looked for when it is built, and not again when it comes from the cache.
  if (wanted === 'static') return { mode: 'static', libs: [], cflags: [] };
  // librdkafka hands its certificate store to curl's SSL_CTX: both must use the same OpenSSL, and that of an installed curl is a shared one.
  if (tls.mode === 'static') {
    missing.push(
      'SASL/OAUTHBEARER by OIDC left out, an installed curl cannot share a static OpenSSL: refresh tokens from JavaScript, or build with RDKAFKA_RX_CURL=static.',
    );
    return { mode: 'none', libs: [], cflags: [] };
  }
  const library = tls.mode === 'none' ? null : installed(['curl'], 'libcurl', ['curl/curl.h'], packages.curl);
  if (library) return { mode: 'shared', libs: [...library.search, ...library.libs], cflags: library.cflags };
  missing.push(
    `curl not found: built without SASL/OAUTHBEARER by OIDC, tokens can still come from JavaScript (${installHint(packages.curl)}).`,
  );
  return { mode: 'none', libs: [], cflags: [] };
}

/**
 * That all of them are archives that can go into the addon, as in the packages.
 * @throws BuildError with the one command that installs what is missing
 */
export function requireArchives({ tls, zlib, zstd }) {
  const lacking = Object.entries({ openssl: tls, zlib, zstd }).filter(([, mode]) => mode !== 'static');
  if (lacking.length === 0) return;
  const managers = ['apt', 'dnf', 'apk', 'pacman', 'brew'];
  const names = Object.fromEntries(
    managers.map((manager) => [manager, lacking.map(([name]) => packages[name][manager]).join(' ')]),
  );
  throw new BuildError(
    `a package takes in ${lacking.map(([name]) => name).join(', ')} as static archives, which are not here: install them with \`${installHint(names)}\`.`,
  );
}

/** Sanitizer builds take no curl: its own threads and allocations are not what they look at. */
export function chooseDependencies(sanitize) {
  missing = [];
  const tls = openssl();
  const all = { tls, zlib: zlib(), zstd: zstd(), curl: sanitize ? { mode: 'none', libs: [], cflags: [] } : curl(tls) };
  const parts = Object.entries(all);
  return {
    ...Object.fromEntries(parts.map(([name, part]) => [name, part.mode])),
    tlsVersion: tls.version ?? null,
    nodeInclude: tls.nodeInclude ?? all.zlib.nodeInclude ?? null,
    // curl and OpenSSL before zlib and zstd, which they may use.
    libs: ['curl', 'tls', 'zlib', 'zstd'].flatMap((name) => all[name].libs),
    cflags: parts.flatMap(([, part]) => part.cflags),
    defines: tls.mode === 'none' ? [] : [`RDKAFKA_RX_OPENSSL_${tls.mode.toUpperCase()}=1`],
    missing,
    features: parts.filter(([, part]) => part.mode !== 'none').map(([name, part]) => `${name} (${part.mode})`),
  };
}
