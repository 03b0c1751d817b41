// A small static libcurl, HTTP alone, over the same static OpenSSL as librdkafka: what librdkafka fetches OAUTHBEARER tokens with (OIDC).
// A shared libcurl brings an OpenSSL of its own, and librdkafka hands curl its SSL_CTX: both have to be one.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { BuildError, run, step } from './toolchain.mjs';

/** Rust's package of libcurl carries its source, and a published version of it can never change. */
export const pinnedCurl = {
  address: 'https://static.crates.io/crates/curl-sys/curl-sys-0.4.91+curl-8.22.0.crate',
  sha256: 'cd39579123e45bf762716bb893d43886ed1cabe6289455be29a4f1d4e37afb06',
  directory: 'curl-sys-0.4.91+curl-8.22.0/curl',
  version: '8.22.0',
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

/** @returns the directory of the headers, and the archive */
export async function buildCurl(work, { dependencies, cflags, curl }, log) {
  const tarball = join(work, 'curl.tar.gz');
  writeFileSync(tarball, await download(curl));
  const untar = run('tar', ['-xzf', tarball, '-C', work, curl.directory]);
  if (untar.status !== 0)
    throw new BuildError(`could not unpack curl's source: ${untar.stderr || untar.error?.message}`);

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
    ...curl.options,
  ];
  const source = join(work, curl.directory);
  const build = join(work, 'curl-build');
  step('configure of curl', 'cmake', ['-S', source, '-B', build, ...options], { log });
  step('make of curl', 'cmake', ['--build', build, '--parallel', '--target', 'libcurl_static'], { log });
  return { include: join(source, 'include'), archive: join(build, 'lib/libcurl.a') };
}

async function download({ address, sha256, version }) {
  const failed = (reason) =>
    new BuildError(
      `could not fetch curl ${version} from ${address}: ${reason}. Without RDKAFKA_RX_CURL=static it is not needed.`,
    );
  const response = await fetch(address).catch((error) => {
    throw failed(error.cause?.message ?? error.message);
  });
  if (!response.ok) throw failed(`${response.status} ${response.statusText}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (digest !== sha256)
    throw new BuildError(`curl's source has the wrong checksum: expected ${sha256}, got ${digest}.`);
  return bytes;
}
