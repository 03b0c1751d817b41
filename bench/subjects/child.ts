/** Entry of a trial's process: `child.js <module> <spec as JSON>`. Prints one line of JSON and must end by itself. */
import type { TrialResult, TrialSpec } from '../trial';

async function main(): Promise<void> {
  const [name, spec] = process.argv.slice(2);
  const { run } = require(`./${name}.js`) as { run: (spec: TrialSpec) => Promise<TrialResult> };
  const result = await run(JSON.parse(spec as string));
  const { user, system } = process.cpuUsage();
  const usage = { cpuSeconds: (user + system) / 1e6, rssMb: process.resourceUsage().maxRSS / 1024 };
  process.stdout.write(`${JSON.stringify({ ...usage, ...result })}\n`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1); // whatever is still open would keep the process, and the bench, waiting
});
