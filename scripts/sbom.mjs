// What is linked into an addon, as a CycloneDX document: the bill of materials in each platform's package, for scanners of advisories.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';

const licences = {
  librdkafka: 'BSD-2-Clause',
  OpenSSL: 'Apache-2.0',
  zlib: 'Zlib',
  Zstandard: 'BSD-3-Clause',
  curl: 'curl',
  'node-addon-api': 'MIT',
  'libstdc++': 'GPL-3.0-only WITH GCC-exception-3.1',
  'libc++': 'Apache-2.0 WITH LLVM-exception',
};
/** The names by which databases of vulnerabilities know them. */
const cpes = {
  librdkafka: 'confluent:librdkafka',
  OpenSSL: 'openssl:openssl',
  zlib: 'zlib:zlib',
  Zstandard: 'facebook:zstandard',
  curl: 'haxx:libcurl',
};
const repositories = {
  librdkafka: ['confluentinc/librdkafka', (version) => `v${version}`],
  OpenSSL: ['openssl/openssl', (version) => `openssl-${version}`],
  zlib: ['madler/zlib', (version) => `v${version}`],
  Zstandard: ['facebook/zstd', (version) => `v${version}`],
  curl: ['curl/curl', (version) => `curl-${version.replaceAll('.', '_')}`],
  'node-addon-api': ['nodejs/node-addon-api', (version) => `v${version}`],
};

/** Where the source came from: an npm package, a package of Rust's, or the distribution that the library was installed from. */
function source(from) {
  if (!from) return [];
  if (from.integrity) {
    const [name, version] = [from.package.replace(/@[^@]+$/, ''), from.package.split('@').at(-1)];
    const content = Buffer.from(from.integrity.replace('sha512-', ''), 'base64').toString('hex');
    return [
      {
        type: 'source-distribution',
        url: `pkg:npm/${name.replace('@', '%40')}@${version}`,
        hashes: [{ alg: 'SHA-512', content }],
      },
    ];
  }
  if (from.sha256) {
    const url = `pkg:cargo/${from.package}@${encodeURIComponent(from.version)}`;
    return [{ type: 'source-distribution', url, hashes: [{ alg: 'SHA-256', content: from.sha256 }] }];
  }
  return [{ type: 'distribution', url: from.purl, comment: 'the package that the archive was installed from' }];
}

/** The Debian package that has a file, or undefined on other systems. */
export function debianPackage(file) {
  const found = spawnSync('dpkg-query', ['--search', file], { encoding: 'utf8' });
  const name = found.status === 0 ? found.stdout.split(': ')[0].split(',')[0] : undefined;
  if (!name) return undefined;
  const shown = spawnSync('dpkg-query', ['--show', '--showformat=$' + '{Version} $' + '{Architecture}', name], {
    encoding: 'utf8',
  });
  if (shown.status !== 0) return undefined;
  const [version, architecture] = shown.stdout.split(' ');
  return { purl: `pkg:deb/debian/${name.split(':')[0]}@${encodeURIComponent(version)}?arch=${architecture}` };
}

/**
 * @param about `name`, `version` and `description` of the package, and its file's `sha256`
 * @param parts of each library: `name`, `version`, `from` (what was pinned), and `contains`, the names of what it carries in its source
 */
export function billOfMaterials(about, parts) {
  const components = parts.map(({ name, version, from, contains = [] }) => {
    const [repository, tag] = repositories[name] ?? [];
    const purl = repository
      ? `pkg:github/${repository}@${tag(version)}`
      : `pkg:generic/${encodeURIComponent(name)}@${version}`;
    const licence = licences[name];
    return {
      type: 'library',
      'bom-ref': `${name}@${version}`,
      name,
      version,
      licenses: [licence.includes(' ') ? { expression: licence } : { license: { id: licence } }],
      ...(cpes[name] && { cpe: `cpe:2.3:a:${cpes[name]}:${version}:*:*:*:*:*:*:*` }),
      purl,
      ...(from && { externalReferences: source(from) }),
      ...(contains.length > 0 && {
        components: contains.map((inner) => ({
          type: 'library',
          'bom-ref': `${name}@${version}#${inner}`,
          name: inner,
          description: `a copy in the source of ${name} ${version}`,
        })),
      }),
    };
  });
  const subject = `pkg:npm/${about.name.replace('@', '%40')}@${about.version}`;
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'library',
        'bom-ref': subject,
        name: about.name,
        version: about.version,
        description: about.description,
        licenses: [{ license: { id: 'MIT' } }],
        purl: subject,
        components: [
          {
            type: 'file',
            'bom-ref': 'rdkafka_rx.node',
            name: 'rdkafka_rx.node',
            hashes: [{ alg: 'SHA-256', content: about.sha256 }],
          },
        ],
      },
    },
    components,
    dependencies: [
      { ref: subject, dependsOn: components.map((one) => one['bom-ref']) },
      ...components.map((one) => ({
        ref: one['bom-ref'],
        ...(one.components && { dependsOn: one.components.map((inner) => inner['bom-ref']) }),
      })),
    ],
  };
  // The same contents have the same number, on whatever day they were built.
  const digest = createHash('sha256').update(JSON.stringify(document)).digest('hex');
  const uuid = `${digest.slice(0, 8)}-${digest.slice(8, 12)}-4${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
  return { ...document, serialNumber: `urn:uuid:${uuid}` };
}
