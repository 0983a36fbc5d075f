/** The program. The version is answered at once; everything else is loaded only when it is needed. */
import { version } from "../package.json";
import { writeAll } from "./cli/descriptors.ts";

const argv = process.argv.slice(2);

if (!(argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V") && (await sayVersion()))) {
  const { runCli } = await import("./cli/run.ts");
  // Never process.exit: it would cut off what is not written yet.
  process.exitCode = await runCli(argv, version);
}

/** False when it could not be written: the long way has words for that. */
async function sayVersion(): Promise<boolean> {
  return await writeAll(1, `${version}\n`).then(
    () => true,
    () => false,
  );
}
