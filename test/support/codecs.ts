/** Compressions that this addon was built with; what it lacks is said. */
import { native } from '../../lib/native/addon';

const ALL = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
const features = native.builtinFeatures().split(',');

export const CODECS = ALL.filter((codec) => codec === 'none' || features.includes(codec));
for (const codec of ALL) {
  if (!CODECS.includes(codec)) process.stderr.write(`left out, because this addon has no ${codec}: writing with it\n`);
}
