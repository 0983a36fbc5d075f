/** What `new` says. */
import type { InitialData, Isolation } from "../../repo/registry.ts";
import type { Context } from "../context.ts";
import { formatFields } from "../table.ts";

export function renderPlan(
  { name, root }: { name: string; root: string },
  isolation: Isolation,
  data: InitialData,
): string {
  const source = { copy: "a copy of", dump: "the dump", empty: "nothing in it" }[data.kind];
  const from = data.kind === "copy" ? ` ${data.source}` : data.kind === "dump" ? ` ${data.dump}` : "";
  return formatFields([
    ["would make", `worktree ${name} at ${root}`],
    ["with", `a ${isolation} of its own: ${source}${from}`],
  ]);
}

/** The body; when it fails, what is left, and how to go on or back. */
export async function completing<T>({ output }: Context, name: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    output.note(`the worktree ${name} is there, and not finished`);
    output.note(`next: pgrove provision ${name}        completes it; pgrove remove ${name} takes it away`);
    throw error;
  }
}
