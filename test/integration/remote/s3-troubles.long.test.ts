/** What may happen to a push into a bucket, on a real server: nothing of it makes half a dump a dump, or one dump another. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { EXIT } from "../../../src/errors.ts";
import { pullDumps } from "../../../src/remote/pull.ts";
import { pushDumps } from "../../../src/remote/push.ts";
import type { Remote } from "../../../src/remote/remote.ts";
import { listRemoteDumps } from "../../../src/remote/remote-dumps.ts";
import { openS3 } from "../../../src/remote/s3-remote.ts";
import { Relay } from "../../support/cut-relay.ts";
import { waitFor } from "../../support/engine/run.ts";
import { bytesOf, makeStore, type Store } from "../../support/remotes/pushing.ts";
import { type S3Server, startS3 } from "../../support/remotes/stores.ts";

const BYTES = bytesOf(100 << 20);
const NAME = "main-1.dump";

let server: S3Server;
let relay: Relay;
let store: Store;
let bucket = "";
let count = 0;
beforeAll(async () => {
  server = await startS3();
});
afterAll(() => server?.remove());
beforeEach(async () => {
  relay = await Relay.start(() => server.port);
  store = await makeStore({ now: () => new Date() });
  bucket = `bucket-${count++}`;
  await server.makeBucket(bucket);
});
afterEach(async () => {
  relay.stop();
  await store.remove();
});

interface Opening {
  environment?: Record<string, string>;
  of?: Store;
  named?: string;
}

function open({ environment = {}, of = store, named = bucket }: Opening = {}): Promise<Remote> {
  const keys = { AWS_ACCESS_KEY_ID: server.accessKeyId, AWS_SECRET_ACCESS_KEY: server.secretAccessKey };
  const config = { endpoint: `http://127.0.0.1:${relay.port}`, bucket: named };
  return openS3(config, { project: "shop", environment: { ...keys, ...environment }, home: of.root }, of.tools);
}

async function push(of = store, remote?: Remote) {
  const dumps = [await of.find(NAME)];
  return await pushDumps(of.tools, remote ?? (await open({ of })), { host: "here", dumps, verify: true });
}

const listed = async () => (await (await open()).list()).map(({ name }) => name).sort();
const dumpsThere = async () => (await listRemoteDumps(await open(), store.tools.abort)).map(({ name }) => name);

/** Whether so much has gone through since. */
const sent = (bytes: number, since = 0) =>
  waitFor(`${bytes} bytes to be sent`, 60_000, async () => relay.carried - since > bytes, 2);

async function requireWhole(): Promise<void> {
  await rm(store.folder, { recursive: true, force: true });
  await pullDumps(store.tools, await open(), store.folder, await listRemoteDumps(await open(), store.tools.abort));
  expect(Buffer.compare(await readFile(join(store.folder, NAME)), BYTES)).toBe(0);
}

test("connections that are cut, again and again: the push goes on, and so does the pull", async () => {
  await store.put(NAME, BYTES);
  const pushing = push();
  for (const part of [1, 2, 3]) {
    await sent(part * (20 << 20));
    expect(relay.cut()).toBeGreaterThan(0);
    relay.mend();
  }
  expect(await pushing).toMatchObject([{ wasThere: false }]);
  await rm(store.folder, { recursive: true });
  let bytes = 0;
  let cuts = 0;
  const progress = (event: { bytes?: number }) => {
    if ((event.bytes ?? 0) < bytes + (20 << 20)) return;
    bytes = event.bytes ?? 0;
    cuts += relay.cut() > 0 ? 1 : 0;
    relay.mend();
  };
  const all = await listRemoteDumps(await open(), store.tools.abort);
  await pullDumps({ ...store.tools, progress }, await open(), store.folder, all);
  expect(cuts).toBeGreaterThan(1);
  expect(Buffer.compare(await readFile(join(store.folder, NAME)), BYTES)).toBe(0);
});

test("a push that was interrupted is no dump; the next one sends only what is missing", async () => {
  await store.put(NAME, BYTES);
  const pushing = push();
  pushing.catch(() => undefined);
  await sent(60 << 20);
  store.interrupt();
  await expect(pushing).rejects.toThrow("interrupted");
  const next = await makeStore({ now: () => new Date() });
  await next.put(NAME, BYTES);
  const remote = await open({ of: next });
  expect(await listRemoteDumps(remote, next.tools.abort)).toEqual([]);
  expect((await remote.list()).map(({ name }) => name)).toEqual([`here/${NAME}.push.json`]);
  const before = relay.carried;
  await pushDumps(next.tools, remote, { host: "here", dumps: [await next.find(NAME)], verify: false });
  expect(relay.carried - before).toBeLessThan(BYTES.length - (20 << 20));
  expect((await remote.list()).map(({ name }) => name).sort()).toEqual([`here/${NAME}`, `here/${NAME}.manifest.json`]);
  await next.remove();
  store = await makeStore({ now: () => new Date() });
  await requireWhole();
});

test("two dumps of one name at once: one is there, whole, and the other push is refused", async () => {
  const other = await makeStore({ now: () => new Date() });
  await store.put(NAME, BYTES);
  await other.put(NAME, bytesOf(BYTES.length, 7));
  const ended = await Promise.allSettled([push(store), push(other)]);
  expect(ended.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  const refused = ended.find((each) => each.status === "rejected");
  expect(refused?.reason).toMatchObject({ exit: EXIT.refused });
  const [won, lost] = ended[0]?.status === "fulfilled" ? [store, other] : [other, store];
  const expected = await readFile(join(won.folder, NAME));
  await expect(push(lost)).rejects.toMatchObject({ code: "remote_exists" });
  await rm(won.folder, { recursive: true });
  const all = await listRemoteDumps(await open(), store.tools.abort);
  expect(all).toHaveLength(1);
  await pullDumps(won.tools, await open({ of: won }), won.folder, all);
  expect(Buffer.compare(await readFile(join(won.folder, NAME)), expected)).toBe(0);
  await other.remove();
});

test("a wrong secret, an unknown key, no key, no bucket: each said as what it is, at once", async () => {
  await store.put(NAME, BYTES.subarray(0, 1000));
  const failing = (opening: Opening) => open(opening).then((remote) => push(store, remote));
  const started = relay.carried;
  await expect(failing({ environment: { AWS_SECRET_ACCESS_KEY: "wrong" } })).rejects.toMatchObject({
    ...{ code: "remote_denied", exit: EXIT.missing, hint: expect.stringContaining("AWS_SECRET_ACCESS_KEY") },
  });
  await expect(failing({ environment: { AWS_ACCESS_KEY_ID: "nobody" } })).rejects.toMatchObject({
    ...{ code: "remote_denied", exit: EXIT.missing, hint: expect.stringContaining("AWS_ACCESS_KEY_ID") },
  });
  await expect(failing({ named: "not-there" })).rejects.toMatchObject({ code: "remote_missing", exit: EXIT.missing });
  expect(relay.carried - started).toBeLessThan(20_000); // none was tried for long
  await expect(failing({ environment: { AWS_ACCESS_KEY_ID: "" } })).rejects.toMatchObject({
    code: "remote_keys_missing",
  });
  await Bun.write(
    join(store.root, ".aws/credentials"),
    `[other]\naws_access_key_id = x\n[of-tests]\naws_access_key_id = ${server.accessKeyId}\naws_secret_access_key=${server.secretAccessKey}\n`,
  );
  const ofFile = { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "", AWS_PROFILE: "of-tests" };
  expect(await failing({ environment: ofFile })).toMatchObject([{ wasThere: false }]);
});

test("a clock that is an hour wrong", async () => {
  const early = await makeStore({ now: () => new Date(Date.now() - 3_600_000) });
  await early.put(NAME, BYTES.subarray(0, 1000));
  expect(await push(early)).toMatchObject([{ wasThere: false }]);
  expect(early.notes.join()).toContain("60 min behind");
  await early.remove();
});

test("a full bucket: nothing is there, and once there is room it is", async () => {
  const quota = (...words: string[]) =>
    server.exec("radosgw-admin", "quota", ...words, "--uid", "t", "--quota-scope", "user");
  await store.put(NAME, BYTES);
  await quota("set", `--max-size=${20 << 20}`);
  await quota("enable");
  await expect(push()).rejects.toMatchObject({ code: "remote_full", exit: EXIT.failed });
  expect(await dumpsThere()).toEqual([]);
  await quota("disable");
  expect(await push()).toMatchObject([{ wasThere: false }]);
  expect(await listed()).toEqual([`here/${NAME}`, `here/${NAME}.manifest.json`]);
});

test("a server that is gone: said as a lost connection, after it was tried for a while", async () => {
  await store.put(NAME, BYTES);
  const pushing = push();
  pushing.catch(() => undefined);
  await sent(20 << 20);
  relay.cut();
  await expect(pushing).rejects.toMatchObject({ code: "remote_lost", exit: EXIT.failed });
  relay.mend();
  expect(await dumpsThere()).toEqual([]);
});
