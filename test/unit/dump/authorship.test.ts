import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isSigned, type KeyPlace, openKeyring, signManifest } from "../../../src/dump/authorship.ts";
import { findManifest, type Manifest, writeManifest } from "../../../src/dump/manifest.ts";
import { findUnseen, signOldStore } from "../../../src/dump/sign-store.ts";
import { EXIT } from "../../../src/errors.ts";
import { systemClock } from "../../../src/sys/clock.ts";
import { appendJournal } from "../../../src/sys/journal.ts";
import type { OperationTools } from "../../../src/sys/operation.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { sampleManifest } from "../../support/manifest.ts";

let base = "";
let count = 0;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "pgrove-authorship-"));
});
afterAll(async () => {
  await rm(base, { recursive: true });
});

async function newFolder(): Promise<string> {
  const folder = join(base, `f${count++}`);
  await mkdir(folder);
  return folder;
}

/** The tools of somebody whose key is in that folder. */
function toolsIn(folder: string): OperationTools {
  return {
    ...{ runner: systemRunner, clock: systemClock, stateDir: join(folder, "state"), userKey: join(folder, "user.key") },
    ...{ abort: new AbortController().signal, progress: () => undefined, note: () => undefined },
  };
}

async function findAuthor(manifest: Manifest | undefined, keys: KeyPlace) {
  return (await openKeyring(keys)).authorOf(manifest);
}

describe("a manifest is known as one's own", () => {
  test("by a signature over all that it says, also when it was read back", async () => {
    const folder = await newFolder();
    const me = toolsIn(folder);
    const signed = await signManifest(sampleManifest({}), me);
    await writeManifest(join(folder, "a.dump"), signed);
    const read = await findManifest(join(folder, "a.dump"));
    expect(await isSigned(read, me)).toBe(true);
    expect(await isSigned({ ...signed, sha256: "0".repeat(64) }, me)).toBe(false);
    expect(await isSigned({ ...signed, note: "another" }, me)).toBe(false);
    expect(await isSigned(sampleManifest({}), me)).toBe(false);
    expect(await isSigned(undefined, me)).toBe(false);
    expect(await isSigned(signed, toolsIn(await newFolder()))).toBe(false); // somebody else's
    expect(await findAuthor(read, me)).toBe("own");
    expect(await findAuthor(signed, toolsIn(await newFolder()))).toBe("foreign");
    expect(await findAuthor({ ...signed, note: "another" }, me)).toBe("foreign");
    expect(await findAuthor(sampleManifest({}), me)).toBe("unsigned");
    expect(await findAuthor(undefined, me)).toBe("unsigned");
  });

  test("by a key that is shared", async () => {
    const sharedKey = join(await newFolder(), "team.key");
    await writeFile(sharedKey, `${"ab".repeat(32)}\n`);
    const [one, other] = [toolsIn(await newFolder()), toolsIn(await newFolder())];
    const signed = await signManifest(sampleManifest({}), { ...one, sharedKey });
    expect(await isSigned(signed, { ...other, sharedKey })).toBe(true);
    expect(await isSigned(signed, other)).toBe(false);
    expect(await findAuthor(signed, { ...other, sharedKey })).toBe("team");
    expect(await findAuthor(signed, other)).toBe("foreign");
    const own = await signManifest(sampleManifest({}), one);
    expect(await isSigned(own, { ...one, sharedKey })).toBe(true); // from before the key was shared
    const missing = { ...one, sharedKey: `${sharedKey}.absent` };
    await expect(signManifest(sampleManifest({}), missing)).rejects.toMatchObject({ exit: EXIT.missing });
  });
});

describe("a store of before is signed once", () => {
  async function storeWith(manifests: Record<string, Manifest>): Promise<string> {
    const folder = await newFolder();
    for (const [name, manifest] of Object.entries(manifests)) {
      await writeFile(join(folder, name), "");
      await writeManifest(join(folder, name), manifest);
    }
    return folder;
  }
  const signedIn = async (folder: string, me: OperationTools, name: string) =>
    await isSigned(await findManifest(join(folder, name)), me);

  test("and what comes into it later is not", async () => {
    const me = toolsIn(await newFolder());
    const folder = await storeWith({ "a.dump": sampleManifest({ name: "a.dump" }) });
    const seenFile = join(await newFolder(), "stores.json");
    expect(await findUnseen(folder, seenFile)).toBe(true);
    await signOldStore({ folder, seenFile, isUsual: true }, me);
    expect(await signedIn(folder, me, "a.dump")).toBe(true);
    await writeFile(join(folder, "b.dump"), "");
    await writeManifest(join(folder, "b.dump"), sampleManifest({ name: "b.dump" }));
    expect(await findUnseen(folder, seenFile)).toBe(false);
    await signOldStore({ folder, seenFile, isUsual: true }, me);
    expect(await signedIn(folder, me, "b.dump")).toBe(false);
  });

  test("where a file of the repository names it, only what was made here; a foreign signature stays", async () => {
    const me = toolsIn(await newFolder());
    const run = newRunId(new Date());
    const entry = { at: new Date().toISOString(), target: "main", database: "shop", by: "me", host: "h", pid: 1 };
    await appendJournal(me.stateDir, { version: 1, event: "begin", operation: "dump", run, ...entry });
    const folder = await storeWith({
      "mine.dump": sampleManifest({ name: "mine.dump", run }),
      "other.dump": sampleManifest({ name: "other.dump", run: newRunId(new Date()) }),
      "signed.dump": await signManifest(sampleManifest({ run }), toolsIn(await newFolder())),
    });
    const before = await readFile(join(folder, "signed.dump.manifest.json"), "utf8");
    await signOldStore({ folder, seenFile: join(await newFolder(), "stores.json"), isUsual: false }, me);
    expect(await signedIn(folder, me, "mine.dump")).toBe(true);
    expect(await signedIn(folder, me, "other.dump")).toBe(false);
    expect(await readFile(join(folder, "signed.dump.manifest.json"), "utf8")).toBe(before);
  });
});
