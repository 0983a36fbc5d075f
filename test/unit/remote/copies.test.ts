/** What is known of a dump here, and of its copy at a remote: the one may be damaged, and the other not. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownHost } from "../../../src/cli/open-remotes.ts";
import { openKeyring, signManifest } from "../../../src/dump/authorship.ts";
import { manifestPath, writeManifest } from "../../../src/dump/manifest.ts";
import { pinDump } from "../../../src/dump/pin.ts";
import { type ProofResult, recordResult } from "../../../src/dump/proof.ts";
import { planPrune } from "../../../src/dump/prune.ts";
import { listDumps, type StoredDump } from "../../../src/dump/store.ts";
import { EXIT } from "../../../src/errors.ts";
import { openDir } from "../../../src/remote/dir-remote.ts";
import { pullDumps } from "../../../src/remote/pull.ts";
import { pushDumps } from "../../../src/remote/push.ts";
import type { Remote } from "../../../src/remote/remote.ts";
import { listRemoteDumps, placeOf } from "../../../src/remote/remote-dumps.ts";
import { readJournal } from "../../../src/sys/journal.ts";
import type { OperationTools } from "../../../src/sys/operation.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { sampleManifest } from "../../support/manifest.ts";

const NAME = "main-1.dump";
const HOST = "laptop";

let root = "";
let store = "";
let tools: OperationTools;
let remote: Remote;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "pgrove-copies-"));
  [store] = [join(root, "store"), await mkdir(join(root, "store")), await mkdir(join(root, "disk"))];
  tools = {
    ...{ runner: systemRunner, clock: { now: () => new Date() }, stateDir: join(root, "state") },
    ...{ userKey: join(root, "me"), abort: new AbortController().signal },
    ...{ progress: () => undefined, note: () => undefined },
  };
  remote = await openDir(join(root, "disk"), "shop", join(root, "used"));
  await writeFile(join(store, NAME), "the dump");
  const sha256 = createHash("sha256").update("the dump").digest("hex");
  const tables = [{ schema: "public", name: "t", rows: 1, exact: true, bytes: 1 }];
  const manifest = sampleManifest({ name: NAME, size_bytes: 8, sha256, tables });
  await writeManifest(join(store, NAME), await signManifest(manifest, tools));
});
afterEach(() => rm(root, { recursive: true }));

async function here(): Promise<StoredDump> {
  const [dump] = await listDumps(store);
  if (dump === undefined) throw new Error("no dump");
  return dump;
}

async function find(result: Partial<ProofResult>): Promise<void> {
  const whole: ProofResult = {
    ...{ depth: "restore", at: new Date().toISOString(), ok: true, reason: null, server_version: "17.2", took_ms: 1 },
    ...result,
  };
  await recordResult(await here(), whole, await openKeyring(tools), tools);
}

const push = async () => pushDumps(tools, remote, { host: HOST, dumps: [await here()], verify: false });
const pull = async () =>
  pullDumps(tools, remote, store, await listRemoteDumps(remote, tools.abort, { names: new Set([NAME]) }));
const keptThere = async () => {
  const { kept } = await planPrune(tools, placeOf(remote, HOST, tools.abort), { rule: { last: 1 } });
  return kept.map(({ reasons, doubt }) => ({ reasons, doubt }));
};

test("a file that is damaged here takes nothing from its copy: what was proved of that stays, and protects it", async () => {
  await find({});
  await push();
  expect(await keptThere()).toMatchObject([{ reasons: ["last", "proved"], doubt: undefined }]);
  await writeFile(join(store, NAME), "the dum?");
  await find({ depth: "checksum", ok: false, reason: "damaged" });
  await pinDump(join(store, NAME), new Date());
  await push();
  expect(await keptThere()).toMatchObject([{ reasons: ["pinned", "last", "proved"], doubt: undefined }]);
  expect(await push()).toMatchObject([{ wasThere: true }]);
});

test("what is wrong with the dump itself is told of its copy, too", async () => {
  await find({});
  await push();
  await find({ ok: false, reason: "differs" });
  await push();
  expect(await keptThere()).toMatchObject([{ reasons: ["last"], doubt: "found differs" }]);
});

test("what is damaged here is not taken for there, and not written over", async () => {
  await push();
  expect(await pull()).toMatchObject([{ wasThere: true }]);
  await writeFile(join(store, NAME), "the dum?");
  await expect(pull()).rejects.toMatchObject({ exit: EXIT.refused, hint: expect.stringContaining("dumps remove") });
  await rm(join(store, NAME));
  await rm(manifestPath(join(store, NAME)));
  expect(await pull()).toMatchObject([{ wasThere: false }]);
  expect(await Bun.file(join(store, NAME)).text()).toBe("the dump");
});

test("the journal tells to where dumps were pushed, and from where they were pulled", async () => {
  await push();
  await rm(join(store, NAME));
  await rm(manifestPath(join(store, NAME)));
  await pull();
  const told = (await readJournal(tools.stateDir)).filter(({ event }) => event === "end");
  expect(told).toMatchObject([
    { operation: "dumps-push", details: { place: remote.label, pushed: 1 } },
    { operation: "dumps-pull", details: { place: remote.label, pulled: 1 } },
  ]);
});

test.each(["../other", "a/b", "..", ".hidden", "-x", "a\nb", "x".repeat(101)])(
  "a machine that is named %p has no folder of its own: refused",
  (name) => {
    expect(() => ownHost({ environment: { PGROVE_MACHINE: name } })).toThrow("PGROVE_MACHINE");
  },
);

test.each(["web-1", "büro 2", "a.b_c", "1"])("a machine may be named %p; without a name it has one", (name) => {
  expect(ownHost({ environment: { PGROVE_MACHINE: name } })).toBe(name);
  expect(ownHost({ environment: {} })).not.toBe("");
});
