/** `migrate status` and `create` where another tool migrates: what it prints is the answer. */
import type { ToolQuestion } from "../../migrate/tool-commands.ts";
import type { Context } from "../context.ts";
import { requireToolTrust } from "../trust.ts";

/** Runs the tool's command. Throws (exit 3) when it has none, (exit 5) when it was not approved. */
export async function runCommandTool(context: Context, question: ToolQuestion): Promise<undefined> {
  const { askTool } = await import("../../migrate/tool-commands.ts");
  const answer = await askTool(context, question, () => requireToolTrust(context));
  return void (await context.output.answer({ ...answer }, () => answer.output.join("\n")));
}
