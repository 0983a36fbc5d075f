import { aliasFile, listAliases } from "../../repo/aliases.ts";
import { targetWords } from "../../resolve/resolve.ts";
import { visibleOnOneLine } from "../../sys/visible-text.ts";
import { defineCommand } from "../command.ts";
import { findCandidates } from "../complete.ts";
import { COMPLETION_SHELLS } from "../completion-scripts.ts";
import type { Context } from "../context.ts";

/** `pgrove __complete -- WORDS…`, called by the completion scripts: one candidate per line, a tab, what it is. */
export const command = defineCommand({
  meta: { examples: [] },
  args: {},
  after: "the words before the cursor",
  async run({ args, context, root }) {
    const candidates = await findCandidates(root, args.after, {
      target: () => quietly(async () => targetWords(context)),
      dump: () => quietly(() => dumpNames(context)),
      repository: () => quietly(() => repoNames(context)),
      shell: async () => COMPLETION_SHELLS,
    });
    const fit = candidates.filter(({ word }) => visibleOnOneLine(word) === word); // the others would be several, or lie
    const lines = fit.map(({ word, about }) => `${word}\t${about}\n`);
    await context.output.write(lines.join(""));
  },
});

async function dumpNames(context: Context): Promise<string[]> {
  const { listDumps } = await import("../../dump/store.ts");
  return (await listDumps(await context.storeDir())).map(({ name }) => name);
}

async function repoNames(context: Context): Promise<string[]> {
  return (await listAliases(aliasFile(context.environment, context.home))).map(({ name }) => name);
}

/** Nobody wants to read an error while pressing Tab. */
async function quietly(list: () => Promise<string[]>): Promise<string[]> {
  return await list().catch(() => []);
}
