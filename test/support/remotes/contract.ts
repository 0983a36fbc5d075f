/** What every kind of remote has to keep: the same tests for a folder, a bucket and another machine. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openKeyring } from "../../../src/dump/authorship.ts";
import { globalsPath, manifestPath } from "../../../src/dump/manifest.ts";
import { pinDump } from "../../../src/dump/pin.ts";
import { recordResult } from "../../../src/dump/proof.ts";
import { planPrune, pruneDumps } from "../../../src/dump/prune.ts";
import { EXIT } from "../../../src/errors.ts";
import { pullDumps } from "../../../src/remote/pull.ts";
import { planPush, pushDumps } from "../../../src/remote/push.ts";
import type { Remote, RemoteTools } from "../../../src/remote/remote.ts";
import { listRemoteDumps, placeOf, requireLatestRemote, requireRemoteDump } from "../../../src/remote/remote-dumps.ts";
import { readJournal } from "../../../src/sys/journal.ts";
import { bytesOf, makeStore, NOW, type Store } from "./pushing.ts";

const BYTES = bytesOf(3_000_000);

/** `open` opens a project of its own at the remote; it is handed the tools of the store. */
export function keepsTheContract(open: (project: string, tools: RemoteTools) => Promise<Remote>): void {
  let store: Store;
  let remote: Remote;
  let count = 0;
  beforeEach(async () => {
    store = await makeStore();
    remote = await open(`contract-${process.pid}-${count++}`, store.tools);
  });
  afterEach(() => store.remove());

  const push = (names: readonly string[], host = "here", verify = false) =>
    Promise.all(names.map(store.find)).then((dumps) => pushDumps(store.tools, remote, { host, dumps, verify }));
  const there = async () => (await remote.list()).map(({ name }) => name).sort();
  const listed = async (host?: string) =>
    (await listRemoteDumps(remote, store.tools.abort, host === undefined ? {} : { host })).map(
      (dump) => `${dump.host}/${dump.name}`,
    );

  test("what is pushed comes back as it was, with all that is known of it; twice changes nothing", async () => {
    const roles = "create role app;\n";
    const globals = {
      sha256: new Bun.CryptoHasher("sha256").update(roles).digest("hex"),
      size_bytes: roles.length,
      passwords: false,
    };
    const dump = await store.put("main-1.dump", BYTES, 1, { globals });
    const rolesPath = globalsPath(dump.path, dump.manifest);
    await writeFile(rolesPath, roles);
    expect(await listed()).toEqual([]);
    const keyring = await openKeyring(store.tools);
    const proof = {
      depth: "restore",
      at: NOW.toISOString(),
      ok: true,
      reason: null,
      server_version: "17.2",
      took_ms: 1,
    } as const;
    expect(await planPush(store.tools, remote, { host: "here", dumps: [dump], verify: false })).toMatchObject([
      { name: "main-1.dump", wasThere: false },
    ]);
    expect(await push(["main-1.dump"], "here", true)).toMatchObject([{ wasThere: false, sizeBytes: BYTES.length }]);
    await recordResult(dump, proof, keyring, store.tools); // found out since
    expect(await push(["main-1.dump"])).toMatchObject([{ wasThere: true }]);
    expect(await push(["main-1.dump"], "here", true)).toMatchObject([{ wasThere: true }]);
    const all = await listRemoteDumps(remote, store.tools.abort);
    expect(all).toMatchObject([
      { name: "main-1.dump", host: "here", sizeBytes: BYTES.length, proof: { results: [proof] } },
    ]);
    const manifest = await readFile(manifestPath(dump.path), "utf8");
    await rm(store.folder, { recursive: true });
    expect(await pullDumps(store.tools, remote, store.folder, all)).toMatchObject([{ wasThere: false }]);
    expect(await pullDumps(store.tools, remote, store.folder, all)).toMatchObject([{ wasThere: true }]);
    expect(Buffer.compare(await readFile(dump.path), BYTES)).toBe(0);
    expect(await readFile(manifestPath(dump.path), "utf8")).toBe(manifest);
    expect(await readFile(rolesPath, "utf8")).toBe(roles);
    expect((await store.find("main-1.dump")).proof).toMatchObject({ results: [proof] });
    expect((await readdir(store.folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    const journal = (await readJournal(store.tools.stateDir)).filter(({ event }) => event === "end");
    expect(journal[0]).toMatchObject({
      operation: "dumps-push",
      result: "done",
      details: { pushed: 1, size_bytes: BYTES.length },
    });
    expect(journal.at(-1)).toMatchObject({ operation: "dumps-pull", result: "done", details: { pulled: 0 } });
  });

  test("nothing is overwritten: not there, not here", async () => {
    await store.put("main-1.dump", BYTES);
    await push(["main-1.dump"]);
    const before = await remote.list();
    await store.put("main-1.dump", bytesOf(BYTES.length, 7));
    await expect(push(["main-1.dump"])).rejects.toMatchObject({ code: "remote_exists", exit: EXIT.refused });
    expect(await remote.list()).toEqual(before);
    const all = await listRemoteDumps(remote, store.tools.abort);
    await expect(pullDumps(store.tools, remote, store.folder, all)).rejects.toMatchObject({ exit: EXIT.refused });
    expect(Buffer.compare(await readFile(join(store.folder, "main-1.dump")), bytesOf(BYTES.length, 7))).toBe(0);
  });

  test.each([
    ["its manifest", (path: string) => manifestPath(path)],
    ["its bytes", (path: string) => path],
  ])("a dump that a killed pull, or a hand, has left without %s is pulled whole", async (_, lost) => {
    const dump = await store.put("main-1.dump", BYTES);
    await push(["main-1.dump"]);
    const all = await listRemoteDumps(remote, store.tools.abort);
    await rm(lost(dump.path));
    expect(await pullDumps(store.tools, remote, store.folder, all)).toMatchObject([{ wasThere: false }]);
    expect(Buffer.compare(await readFile(dump.path), BYTES)).toBe(0);
    expect((await store.find("main-1.dump")).manifest?.sha256).toBe(dump.manifest?.sha256 ?? "");
    await rm(manifestPath(dump.path));
    await writeFile(dump.path, bytesOf(BYTES.length, 7));
    await expect(pullDumps(store.tools, remote, store.folder, all)).rejects.toMatchObject({ exit: EXIT.refused });
    expect(Buffer.compare(await readFile(dump.path), bytesOf(BYTES.length, 7))).toBe(0);
  });

  test("a dump without its manifest is none there; what is damaged here is not pushed, and what is damaged there not pulled", async () => {
    const dump = await store.put("main-1.dump", BYTES);
    await writeFile(dump.path, bytesOf(BYTES.length, 7)); // as long as it was
    await expect(push(["main-1.dump"])).rejects.toMatchObject({ code: "dump_damaged" });
    expect(await there()).toEqual([]);
    await writeFile(dump.path, BYTES);
    await push(["main-1.dump"]);
    const all = await listRemoteDumps(remote, store.tools.abort);
    const text = await readFile(manifestPath(dump.path), "utf8");
    await remote.putText(
      manifestPath("here/main-1.dump"),
      text.replaceAll(dump.manifest?.sha256 ?? "?", "0".repeat(64)),
      true,
    );
    await rm(store.folder, { recursive: true });
    const altered = await listRemoteDumps(remote, store.tools.abort);
    await expect(pullDumps(store.tools, remote, store.folder, altered)).rejects.toMatchObject({
      code: "remote_damaged",
    });
    expect(await readdir(store.folder)).toEqual([]);
    expect(await pullDumps(store.tools, remote, store.folder, all)).toMatchObject([{ wasThere: false }]);
    await remote.remove(manifestPath("here/main-1.dump"));
    expect(await listed()).toEqual([]);
    expect(await there()).toContain("here/main-1.dump");
  });

  test("machines are kept apart, and see each other's", async () => {
    await store.put("main-1.dump", BYTES.subarray(0, 1000), 1);
    await store.put("main-2.dump", BYTES.subarray(0, 2000), 2);
    await push(["main-1.dump", "main-2.dump"], "there");
    await push(["main-2.dump"]);
    expect(await listed()).toEqual(["there/main-1.dump", "there/main-2.dump", "here/main-2.dump"]);
    expect(await listed("here")).toEqual(["here/main-2.dump"]);
    const all = await listRemoteDumps(remote, store.tools.abort);
    const find = (text: string, own = "here") => requireRemoteDump(all, text, own, remote.label).object.name;
    expect([find("main-2.dump"), find("there/main-2.dump"), find("main-1.dump")]).toEqual([
      ...["here/main-2.dump", "there/main-2.dump", "there/main-1.dump"],
    ]);
    expect(() => find("main-2.dump", "third")).toThrow(/could be 2 dumps/);
    expect(() => find("main-9.dump")).toThrow(/no dump main-9.dump/);
    const newest = (own: string) => requireLatestRemote(all, "main", own, remote.label).object.name;
    expect([newest("here"), newest("third")]).toEqual(["here/main-2.dump", "there/main-1.dump"]);
  });

  test("the rule counts there as it does here, for this machine's dumps, and what is pinned stays", async () => {
    for (const hours of [1, 2, 3]) await store.put(`main-${hours}.dump`, BYTES.subarray(0, 1000), hours);
    await pinDump(join(store.folder, "main-3.dump"), NOW);
    await push(["main-1.dump", "main-2.dump", "main-3.dump"]);
    await push(["main-2.dump"], "there");
    const place = placeOf(remote, "here", store.tools.abort);
    const plan = await planPrune(store.tools, place, { rule: { last: 1 } });
    expect(plan.kept.map(({ dump, reasons }) => [dump.name, reasons])).toEqual([
      ["main-1.dump", ["last"]],
      ["main-3.dump", ["pinned"]],
    ]);
    expect(plan.removed.map(({ dump }) => dump.name)).toEqual(["main-2.dump"]);
    await remote.putText("here/main-2.dump.pin.json", "{}", false); // since it was looked at
    await expect(pruneDumps(store.tools, place, plan)).rejects.toMatchObject({ code: "dump_changed" });
    await remote.remove("here/main-2.dump.pin.json");
    await pruneDumps(store.tools, place, plan);
    expect(await listed()).toEqual(["here/main-1.dump", "there/main-2.dump", "here/main-3.dump"]);
    expect((await there()).filter((name) => name.startsWith("here/main-2"))).toEqual([]);
  });

  test("two pushes of one dump at once: both end well, and it is there once", async () => {
    await store.put("main-1.dump", BYTES);
    await Promise.all([push(["main-1.dump"]), push(["main-1.dump"]), push(["main-1.dump"])]);
    expect(await there()).toEqual(["here/main-1.dump", "here/main-1.dump.manifest.json"]);
    const [dump] = await listRemoteDumps(remote, store.tools.abort);
    await rm(store.folder, { recursive: true });
    if (dump !== undefined) await pullDumps(store.tools, remote, store.folder, [dump]);
    expect(Buffer.compare(await readFile(join(store.folder, "main-1.dump")), BYTES)).toBe(0);
  });
}
