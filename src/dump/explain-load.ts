import { explainRefused, isLack } from "../archive/explain-refused.ts";
import type { Skipping } from "../archive/wants.ts";
import { EXIT, PgroveError } from "../errors.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { ToolError } from "../sys/tool-error.ts";
import type { Explanation } from "../work/explain.ts";
import type { InspectedDump } from "./inspect.ts";

/** Why a dump was not loaded, in words, with the statement that failed and the way out: exit 4 where the server lacks something, else 1. */
export function explainLoadError(
  error: unknown,
  { dump, checked }: Pick<InspectedDump, "dump" | "checked">,
  live: { target: Pick<LiveTarget["target"], "label"> },
  skipping: Skipping,
): unknown {
  if (!(error instanceof ToolError) || error.failure.aborted) return error;
  const said = error.message.replaceAll("psql:<stdin>:", `psql:${dump.name}:`);
  const found = explainSkipped(said, skipping) ?? withoutTaken(explainRefused(said), skipping);
  // Bytes that are those which were written are not damaged, whatever becomes of them.
  const explanation = checked === "sha256" && found?.code === "dump_damaged" ? undefined : found;
  const what = `${dump.name} could not be restored; ${live.target.label} was not touched`;
  const code = explanation?.code ?? "restore_failed";
  return new PgroveError({
    ...{ code, exit: isLack(code) ? EXIT.missing : EXIT.failed, cause: error },
    message: explanation === undefined ? `${what}\n${said}` : `${what}: ${explanation.why}\n${said}`,
    hint: explanation?.hint ?? "change in the source what the server refuses, and dump it again",
  });
}

/** A way that was gone already leads in a circle. */
function withoutTaken(found: Explanation | undefined, { owners, grants }: Skipping): Explanation | undefined {
  if (found === undefined || !owners || !grants) return found;
  const hint = HINTS_WITHOUT_OWNERS[found.code];
  return hint === undefined ? found : { ...found, hint };
}

const HINTS_WITHOUT_OWNERS: Readonly<Record<string, string>> = {
  load_role: "create the role (createuser), or take what names it out of the source, and dump it again",
  load_forbidden: "log in as a superuser, or restore it with --skip-forbidden",
};

/** What was left out may be needed by what was not. */
function explainSkipped(said: string, { objects }: Skipping): Explanation | undefined {
  const extensions = [...objects].filter((object) => object.startsWith("extension ") && object !== "extension plpgsql");
  if (extensions.length === 0 || !/does not exist/.test(said)) return undefined;
  return {
    code: "load_skipped",
    why: `it may need what was left out: ${extensions.join(", ")}`,
    hint: "install the extension in the server, or dump without what uses it: pg_dump --exclude-table",
  };
}
