// A small static libcurl, HTTP alone, over the same static OpenSSL as librdkafka: what librdkafka fetches OAUTHBEARER tokens with (OIDC).
// A shared libcurl brings an OpenSSL of its own, and librdkafka hands curl its SSL_CTX: both have to be one.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { BuildError, crossArchitecture, installHint, step, which } from './toolchain.mjs';

/** Rust's package of libcurl carries its source, and a published version of it can never change. Cargo fetches it from where it is set to. */
export const pinnedCurl = {
  package: 'curl-sys',
  version: '0.4.91+curl-8.22.0',
  sha256: 'cd39579123e45bf762716bb893d43886ed1cabe6289455be29a4f1d4e37afb06',
  /** What librdkafka does not use stays out: nobody has to look at its advisories. Proxies of the environment work. */
  options: [
    '-DHTTP_ONLY=ON',
    ...['ALTSVC', 'AWS', 'COOKIES', 'DIGEST_AUTH', 'DOH', 'FORM_API', 'HEADERS_API', 'HSTS', 'KERBEROS_AUTH', 'MIME']
      .concat('NEGOTIATE_AUTH', 'NETRC', 'WEBSOCKETS')
      .map((name) => `-DCURL_DISABLE_${name}=ON`),
    ...['CURL_BROTLI', 'CURL_USE_LIBPSL', 'CURL_USE_LIBSSH2', 'CURL_USE_PKGCONFIG', 'CURL_ZLIB', 'CURL_ZSTD']
      .concat('ENABLE_UNIX_SOCKETS', 'USE_LIBIDN2', 'USE_NGHTTP2')
      .map((name) => `-D${name}=OFF`),
    // Which authorities are trusted is librdkafka's to say (https.ca.location).
    ...['-DCURL_CA_BUNDLE=none', '-DCURL_CA_PATH=none'],
  ],
};

/** CMake does not find out by itself that the compilers of the environment are for another processor. */
function crossOptions() {
  const processor = { x64: 'x86_64', arm64: 'aarch64' }[crossArchitecture()];
  if (!processor) return [];
  const { AR, RANLIB } = process.env;
  return [
    '-DCMAKE_SYSTEM_NAME=Linux',
    `-DCMAKE_SYSTEM_PROCESSOR=${processor}`,
    `-DCMAKE_AR=${AR}`,
    `-DCMAKE_RANLIB=${RANLIB}`,
  ];
}

/** @returns the directory of the headers, and the archive */
export function buildCurl(work, { dependencies, cflags, curl }, log) {
  const source = fetchCurl(work, curl, log);
  const archive = (name) => dependencies.libs.find((file) => basename(file) === name);
  const include = dependencies.cflags.find((flag) => flag.startsWith('-I'));
  const options = [
    '-DCMAKE_BUILD_TYPE=None',
    `-DCMAKE_C_FLAGS=${[...cflags, '-ffunction-sections', '-fdata-sections'].join(' ')}`,
    // The documentation, which is not in the package, is made where there is Perl.
    ...['-DBUILD_STATIC_LIBS=ON', '-DCURL_DISABLE_INSTALL=ON', '-DCMAKE_DISABLE_FIND_PACKAGE_Perl=ON'],
    ...['BUILD_SHARED_LIBS', 'BUILD_CURL_EXE', 'BUILD_LIBCURL_DOCS', 'BUILD_MISC_DOCS', 'ENABLE_CURL_MANUAL']
      .concat('BUILD_EXAMPLES', 'BUILD_TESTING')
      .map((name) => `-D${name}=OFF`),
    ...[
      '-DCURL_USE_OPENSSL=ON',
      `-DOPENSSL_SSL_LIBRARY=${archive('libssl.a')}`,
      `-DOPENSSL_CRYPTO_LIBRARY=${archive('libcrypto.a')}`,
    ],
    ...(include ? [`-DOPENSSL_INCLUDE_DIR=${include.slice(2)}`] : []),
    ...crossOptions(),
    ...curl.options,
  ];
  const build = join(work, 'curl-build');
  step('configure of curl', 'cmake', ['-S', source, '-B', build, ...options], { log });
  step('make of curl', 'cmake', ['--build', build, '--parallel', '--target', 'libcurl_static'], { log });
  return { include: join(source, 'include'), archive: join(build, 'lib/libcurl.a') };
}

/** Cargo compares every file with the checksums of the package, and we those of the package with the pinned one. */
function fetchCurl(work, curl, log) {
  for (const [tool, names] of Object.entries({
    cargo: { apk: 'cargo', dnf: 'cargo', pacman: 'rust', brew: 'rust' },
    cmake: {},
  })) {
    if (which(tool)) continue;
    const hint = installHint({ apt: tool, apk: tool, dnf: tool, pacman: tool, brew: tool, ...names });
    throw new BuildError(`RDKAFKA_RX_CURL=static needs ${tool}: ${hint}. Without it no curl is built.`);
  }
  return join(fetchCrate(work, curl, log), 'curl');
}

/** The directory of a pinned Rust package's files, below `work`. Cargo runs none of them. */
export function fetchCrate(work, { package: name, version, sha256: pinned }, log) {
  const project = join(work, `source-of-${name}`);
  mkdirSync(project);
  writeFileSync(join(project, 'lib.rs'), '');
  writeFileSync(
    join(project, 'Cargo.toml'),
    `[package]\nname = "source"\nversion = "0.0.0"\n[lib]\npath = "lib.rs"\n[dependencies]\n${name} = "=${version}"\n`,
  );
  step(`fetching the source in ${name}`, 'cargo', ['vendor', '--quiet'], { cwd: project, log });
  const source = join(project, 'vendor', name);
  const { package: sha256 } = JSON.parse(readFileSync(join(source, '.cargo-checksum.json'), 'utf8'));
  if (sha256 !== pinned)
    throw new BuildError(`the source in ${name} has the wrong checksum: expected ${pinned}, got ${sha256}.`);
  return source;
}
