/** What the psql of a toolbox knows. */
import type { Toolbox } from "../postgres/toolbox.ts";
import { parseVersion, type Version } from "../postgres/version.ts";
import type { Runner } from "../sys/process.ts";
import type { RunId } from "../sys/run-id.ts";

/** The minor releases of August 2025 brought `\restrict`. */
const FIRST_WITH_RESTRICT: Readonly<Record<number, number>> = { 13: 22, 14: 19, 15: 14, 16: 10, 17: 6 };

const asked = new WeakMap<object, Promise<boolean>>();

/** Whether it can be told to obey no command. Asked once. */
export async function psqlKnowsRestrict(
  toolbox: Pick<Toolbox, "command">,
  { runner, run, abort }: { runner: Runner; run: RunId; abort: AbortSignal },
): Promise<boolean> {
  const known = asked.get(toolbox);
  if (known !== undefined) return await known;
  const answer = runner
    .capture(toolbox.command("psql", ["--version"], run), { abort })
    .then(({ stdout }) => knowsRestrict(parseVersion(stdout)));
  asked.set(toolbox, answer);
  answer.catch(() => asked.delete(toolbox));
  return await answer;
}

function knowsRestrict(version: Version | undefined): boolean {
  if (version === undefined) return false;
  return version.major >= 18 || version.minor >= (FIRST_WITH_RESTRICT[version.major] ?? Number.POSITIVE_INFINITY);
}
