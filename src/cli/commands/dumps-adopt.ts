import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Adopted, adoptDump } from "../../dump/adopt.ts";
import { readOrigin } from "../../dump/origin.ts";
import { listDumps, requireDump, type StoredDump } from "../../dump/store.ts";
import { usageError } from "../../errors.ts";
import { expandHome, pathExists } from "../../sys/files.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { formatBytes } from "../format.ts";
import { formatTable } from "../table.ts";

export const adopt = defineCommand({
  meta: {
    details:
      "Each dump is checked whole, copied into the store where it lies elsewhere, and given a manifest that is signed by you: from " +
      "then on it counts as yours. Adopt only what you would run.",
    examples: [
      { line: "pgrove dumps adopt ~/backups/app-2024.sql.gz", about: "a dump of another program" },
      { line: "pgrove dumps adopt /mnt/team", about: "all dumps of a folder" },
    ],
  },
  args: {
    dump: {
      type: "positional",
      rest: true,
      completes: "dump",
      description: "files, folders of dumps, names in the store",
    },
  },
  async run({ args, context }) {
    const folder = await context.storeDir();
    const dumps = (await Promise.all(args.dump.map((text) => findDumps(context, text)))).flat();
    const tools = await context.operationTools();
    const live = await context.openTarget().catch(() => undefined); // where it does not run, there are other programs
    const server = { ...(await context.serverTools()), live };
    const { project } = await readOrigin(context);
    const adopted: Adopted[] = [];
    for (const dump of dumps)
      adopted.push(await adoptDump(tools, server, { dump, folder, project, pgroveVersion: context.version }));
    const document = { dumps: adopted.map(({ name, path, manifest }) => ({ name, path, manifest })) };
    await context.output.answer(document, () =>
      formatTable(adopted.map(({ name, manifest }) => [name, manifest.source, formatBytes(manifest.size_bytes)])),
    );
  },
});

/** The dump, or those of a folder that is none itself. */
async function findDumps(context: Context, text: string): Promise<StoredDump[]> {
  const path = resolve(context.cwd, expandHome(text, context.home));
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory() || (await pathExists(join(path, "toc.dat")))) {
    return [await requireDump(text, await context.storeDir(), context.cwd, context.home)];
  }
  const dumps = await listDumps(path);
  if (dumps.length > 0) return dumps;
  throw usageError(`there is no dump in ${path}`, "pgrove dumps adopt FILE");
}
