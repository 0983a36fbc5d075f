/** A dump that takes the place of another, killed at each of its steps: what the next run makes of it. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatManifest } from "../../../src/dump/manifest.ts";
import { withStoreOperation } from "../../../src/dump/store-operation.ts";
import type { OperationTools } from "../../../src/sys/operation.ts";
import { sampleManifest } from "../../support/manifest.ts";
import { patiently } from "../../support/patience.ts";
import { storeTools } from "../../support/store-tools.ts";
import { findStrace } from "../../support/tracer.ts";

const SRC = join(import.meta.dir, "../../../src");
const OLD = formatManifest(sampleManifest({ name: "old" }));
const NEW = formatManifest(sampleManifest({ name: "new" }));

let root = "";
let folder = "";
let path = "";
let tools: OperationTools;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "pgrove-replacing-"));
  folder = join(root, "out");
  path = join(folder, NAMES.dump);
  tools = storeTools(root);
});
afterEach(() => rm(root, { recursive: true }));

const NAMES = { dump: "x.dump", manifest: "x.dump.manifest.json", next: ".x.dump.1.00000000.tmp" };
const NEXT_MANIFEST = `${NAMES.next}.manifest`;

/** Replaces the old dump below strace, which kills it as soon as it makes one of those calls with that file. */
async function replaceKilled(calls: string, file: string): Promise<void> {
  const program = `
    import { findFileStanding, publishAs } from "${SRC}/dump/replace-file.ts";
    import { openRecord } from "${SRC}/sys/run-record.ts";
    import { newRunId } from "${SRC}/sys/run-id.ts";
    const [path, next] = ${JSON.stringify([path, join(folder, NAMES.next)])};
    const begun = { run: newRunId(new Date()), operation: "dump", target: "main", server: "" };
    const place = ${JSON.stringify({ stateDir: tools.stateDir, userKey: tools.userKey })};
    const { remember } = await openRecord(place, begun, () => undefined);
    const finished = { temporary: next, manifestTemporary: next + ".manifest", path };
    for (const each of [next, finished.manifestTemporary]) await remember({ kind: "path", path: each });
    await Bun.write(next, "new");
    await Bun.write(finished.manifestTemporary, ${JSON.stringify(NEW)});
    await publishAs(finished, await findFileStanding(path, true), { remember });`;
  const quiet = ["-f", "-qq", "-e", "signal=none", "-o", "/dev/null", "-P", join(folder, file)];
  const wrap = [...(await findStrace()), ...quiet, "-e", `trace=${calls}`, "-e", `inject=${calls}:signal=SIGKILL`];
  const child = Bun.spawn([...wrap, process.execPath, "-e", program], { stdio: ["ignore", "ignore", "inherit"] });
  await child.exited;
  expect(child.exitCode).not.toBe(0);
}

const [LINK, UNLINK, RENAME] = ["link,linkat", "unlink,unlinkat", "rename,renameat,renameat2"];
const [OF_OLD, OF_NEW] = [
  { [NAMES.dump]: "old", [NAMES.manifest]: OLD },
  { [NAMES.dump]: "new", [NAMES.manifest]: NEW },
];

test.each([
  ["the old dump gets its second name", LINK, NAMES.dump, OF_OLD],
  ["its manifest gets one", LINK, NAMES.manifest, OF_OLD],
  ["its manifest goes", UNLINK, NAMES.manifest, OF_OLD],
  ["the new dump takes its name", RENAME, NAMES.next, OF_OLD],
  ["the new manifest gets its name", LINK, NEXT_MANIFEST, { [NAMES.dump]: "new" }],
  ["all that is left is the second names", UNLINK, NEXT_MANIFEST, OF_NEW],
])(
  "killed when %s: one of the two stands, with its own manifest or none",
  async (_, calls = "", file, expected) => {
    await Bun.write(path, "old");
    await writeFile(join(folder, NAMES.manifest), OLD);
    await replaceKilled(calls, file);
    expect(await readdir(folder)).not.toEqual(Object.keys(expected));
    await withStoreOperation(tools, "dumps-push", async () => undefined);
    const names = (await readdir(folder)).sort();
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
    expect(Object.fromEntries(names.map((name, at) => [name, texts[at]]))).toEqual(expected);
  },
  patiently(60_000),
);
