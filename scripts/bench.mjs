#!/usr/bin/env node
// `npm run bench`: installs and builds where needed, then measures what the README claims. Options: see bench/main.ts.
import { bun, prepare, root } from "./demo/prepare.mjs";
import { run, watchSignals } from "./demo/process.mjs";

watchSignals();
try {
  await prepare((text) => process.stderr.write(`bench: ${text}\n`));
  const { code } = await run(bun, ["bench/main.ts", ...process.argv.slice(2)], { cwd: root, show: true });
  process.exitCode = code;
} catch (error) {
  process.exitCode = error.exitCode ?? 1;
  process.stderr.write(`bench: ${error.message}\n`);
}
