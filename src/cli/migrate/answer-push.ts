/** The pre-push hook: a push that brings migrations is stopped when these are not fit to be merged. */
import { EXIT } from "../../errors.ts";
import type { Context } from "../context.ts";
import { renderFinding } from "../findings.ts";
import { plural } from "../format.ts";

/** Resolves with 6 when the push is to be stopped. `input` is what git has given the hook. */
export async function checkPush(context: Context, remote: string, input: string): Promise<number | undefined> {
  const { cwd: root, output } = context;
  const pushes = await import("../../worktree/push-check.ts");
  const findings = await pushes.checkPush(context, { remote, input, root });
  const errors = findings.filter(({ level }) => level === "error");
  const warnings = findings.length - errors.length;
  if (warnings > 0) output.note(`pgrove: ${plural(warnings, "warning")} (pgrove migrate check)`);
  if (errors.length === 0) return undefined;
  for (const finding of errors) await output.complain(renderFinding(finding, output.paint));
  await output.complain("pgrove: the push was stopped; git push --no-verify pushes all the same");
  return EXIT.problems;
}
