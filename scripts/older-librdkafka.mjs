// The tests with other versions of librdkafka: `node scripts/older-librdkafka.mjs [versions] [-- jest arguments]`, by default with
// every version that scripts/librdkafka.mjs has a source of but the newest, with which all other commands work. Each gets an addon of
// its own in build/librdkafka-<version>, beside the normal one.
import { buildAddon } from './build-native.mjs';
import { versions } from './librdkafka.mjs';
import { matrix } from './matrix.mjs';
import { BuildError } from './toolchain.mjs';

await matrix({
  versions: versions.slice(0, -1),
  projects: ['unit', 'mock', 'lifecycle'],
  prepare: async (version) => {
    if (!versions.includes(version))
      throw new BuildError(`'${version}' is none of the versions there are: ${versions.join(', ')}.`);
    // What builds the addon reads it, and so do tests that look at how it is linked.
    const env = { RDKAFKA_RX_LIBRDKAFKA: version };
    Object.assign(process.env, env);
    const { addon } = await buildAddon(`librdkafka-${version}`);
    return { about: `librdkafka ${version}`, env: { ...env, RDKAFKA_RX_ADDON: addon } };
  },
});
