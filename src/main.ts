/** The program. The version is answered at once; everything else is loaded only when it is needed. */
import { version } from "../package.json";
import { writeShortAnswer } from "./cli/short-answer.ts";

const argv = process.argv.slice(2);

const asksVersion = argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V");
if (!(asksVersion && (await writeShortAnswer(`${version}\n`)))) {
  const { runCli } = await import("./cli/run.ts");
  // Never process.exit: it would cut off what is not written yet.
  process.exitCode = await runCli(argv, version);
}
