/** `doctor --fix`: mends what was found, each thing once it is agreed to. */
import { messageOf, PgroveError } from "../errors.ts";
import type { Check } from "../monitor/check.ts";
import type { Context } from "./context.ts";

export interface Mended {
  name: string;
  what: string;
  /** Else it was tried, and could not be done. */
  done: boolean;
}

/** What is no target has one that is not protected. */
const HERE = { label: "this machine", name: "doctor", protected: false };

/**
 * Asks for each mend, does it, and says so. What is not wanted or cannot be done does not keep the others from being asked about.
 * Refuses (exit 5) with nobody to ask and no --yes.
 */
export async function mendAll(context: Context, checks: readonly Check[]): Promise<Mended[]> {
  const mended: Mended[] = [];
  for (const { name, mends = [] } of checks) {
    for (const { what, target = HERE, run } of mends) {
      if (!(await agrees(context, { what, target }))) continue;
      mended.push({ name, what, done: await carryOut(context, what, run) });
    }
  }
  return mended;
}

async function agrees(context: Context, loss: Pick<Parameters<Context["requireConsent"]>[0], "what" | "target">) {
  try {
    await context.requireConsent({ ...loss, instead: "pgrove doctor" });
    return true;
  } catch (error) {
    if (context.prompt.available && error instanceof PgroveError && error.code === "consent") return false;
    throw error;
  }
}

async function carryOut(context: Context, what: string, run: () => Promise<void>): Promise<boolean> {
  try {
    await run();
    context.output.note(`done: ${what}`);
    return true;
  } catch (error) {
    if (context.interrupted() !== undefined) throw error;
    context.output.warn(`not done: ${what}: ${messageOf(error)}`);
    return false;
  }
}

/** What `pgrove provision` does, without its answer. */
export async function provisionForDoctor(context: Context, text: string): Promise<void> {
  const [{ provisionNamed }, { requireWorktreeTools }] = await Promise.all([
    import("./provision-named.ts"),
    import("./worktree-tools.ts"),
  ]);
  const tools = await requireWorktreeTools(context);
  await provisionNamed(context, tools, { text, name: undefined, setup: true, start: true });
}
