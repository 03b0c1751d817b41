/**
 * Gets Apache Kafka's jars from Maven Central, once, into a cache. Kafka is used by tests and benchmarks only: it is
 * never a dependency of the package.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The Kafka release used when `KAFKA_VERSION` names no other. */
export const KAFKA_VERSION = process.env.KAFKA_VERSION ?? '4.1.1';
const LOG4J_VERSION = '2.24.3';
const MIN_JAVA = 17;
/** Bump when the pom below changes, so that an older cache is not taken for this one. */
const LAYOUT = 1;

/** Where a Kafka release lies and what starts it. */
export interface KafkaJars {
  /** Kafka's version, e.g. `4.1.1`. */
  version: string;
  /** The `java` command. */
  java: string;
  /** Value for `java -cp`; the JVM itself expands the asterisk. */
  classpath: string;
}

/** Root of everything this project downloads or builds outside the checkout. */
export function cacheRoot(): string {
  if (process.env.RDKAFKA_RX_CACHE) return process.env.RDKAFKA_RX_CACHE;
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'rdkafka-rx');
}

/**
 * Finds Kafka's jars in the cache, or downloads them with `mvn` (about 55 MB, 10 to 60 s).
 *
 * @throws Error with one sentence that says what is missing and how to get it: java 17 or newer, mvn, or the network.
 */
export async function kafkaJars(progress: (text: string) => void = () => {}): Promise<KafkaJars> {
  const java = await findJava();
  const dir = join(cacheRoot(), `kafka-${KAFKA_VERSION}-${LAYOUT}`);
  const jars = { version: KAFKA_VERSION, java, classpath: join(dir, '*') };
  if (existsSync(dir)) return jars;
  progress(`downloading Apache Kafka ${KAFKA_VERSION} from Maven Central into ${dir}`);
  await download(dir);
  return jars;
}

async function findJava(): Promise<string> {
  const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java';
  let text: string;
  try {
    text = (await run(java, ['-version'])).stderr;
  } catch {
    throw new Error(
      `A real Kafka needs Java ${MIN_JAVA} or newer and '${java}' does not run: install it ` +
        `(Debian: apt-get install openjdk-${MIN_JAVA}-jre-headless maven), or name a running Kafka in KAFKA_BROKERS.`,
    );
  }
  const major = Number(/version "(\d+)/.exec(text)?.[1]);
  if (!(major >= MIN_JAVA)) {
    throw new Error(`Kafka ${KAFKA_VERSION} needs Java ${MIN_JAVA} or newer, '${java}' is: ${text.split('\n')[0]}`);
  }
  return java;
}

/** Downloads beside the final place and renames: a cache directory that exists is complete. */
async function download(dir: string): Promise<void> {
  await mkdir(dirname(dir), { recursive: true });
  const temp = await mkdtemp(`${dir}.tmp-`);
  try {
    await writeFile(join(temp, 'pom.xml'), pom());
    const libs = join(temp, 'libs');
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
    const args = ['-B', '-q', '-f', join(temp, 'pom.xml'), goal, `-DoutputDirectory=${libs}`, '-DincludeScope=runtime'];
    try {
      await run('mvn', args, { maxBuffer: 64 << 20 });
    } catch (error) {
      const { code, stdout } = error as { code?: string | number; stdout?: string };
      if (code === 'ENOENT') {
        throw new Error(
          'Kafka jars are fetched with Apache Maven and mvn is not on the PATH: install it ' +
            '(Debian: apt-get install maven), or name a running Kafka in KAFKA_BROKERS.',
        );
      }
      const reason = stdout?.split('\n').find((line) => line.includes('ERROR')) ?? String(error);
      throw new Error(`mvn could not fetch Kafka ${KAFKA_VERSION} (is Maven Central reachable?): ${reason}`);
    }
    if (!(await readdir(libs)).some((name) => name.startsWith('kafka_2.13-'))) {
      throw new Error(`mvn ended well but copied no Kafka jar into ${libs}`);
    }
    await rename(libs, dir).catch((error: NodeJS.ErrnoException) => {
      // Another process finished the same download first; its result is as good as ours.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(temp, { recursive: true, force: true });
  }
}

function pom(): string {
  const dependency = (group: string, artifact: string, version: string, exclude: string[] = []) => {
    const exclusions = exclude
      .map((name) => `<exclusion><groupId>${group}</groupId><artifactId>${name}</artifactId></exclusion>`)
      .join('');
    return (
      `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>` +
      `${exclusions ? `<exclusions>${exclusions}</exclusions>` : ''}</dependency>`
    );
  };
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>kafka-jars</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    ${dependency('org.apache.kafka', 'kafka_2.13', KAFKA_VERSION)}
    ${dependency('org.apache.kafka', 'kafka-tools', KAFKA_VERSION, ['connect-api', 'connect-runtime'])}
    ${dependency('org.apache.logging.log4j', 'log4j-core', LOG4J_VERSION)}
    ${dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', LOG4J_VERSION)}
  </dependencies>
</project>
`;
}
