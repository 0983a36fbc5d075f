/** A large dump with the compiled program: its push is killed and gone on with, and what it takes of memory stays what it was. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeManifest } from "../../src/dump/manifest.ts";
import { Relay } from "../support/cut-relay.ts";
import { waitFor } from "../support/engine/run.ts";
import { makeRepo, type Repo, type Started } from "../support/faults/program.ts";
import { sampleManifest } from "../support/manifest.ts";
import { bytesOf } from "../support/remotes/pushing.ts";
import { type S3Server, startS3 } from "../support/remotes/stores.ts";

const NAME = "main-20260115-143022.dump";
const MIB = 1 << 20;
const BLOCK_BYTES = 64 * MIB;
const BLOCKS = 48;
const SIZE = BLOCKS * BLOCK_BYTES;
/** What the program may take at most. */
const MOST_MEMORY = 150 * MIB;

let server: S3Server;
let relay: Relay;
let repo: Repo;
let env: Record<string, string>;

beforeAll(async () => {
  server = await startS3();
  await server.makeBucket("dumps");
  relay = await Relay.start(() => server.port);
  const s3 = `{endpoint: "http://127.0.0.1:${relay.port}", bucket: dumps}`;
  repo = await makeRepo(`server: {url: "postgres://nobody@127.0.0.1:1/none"}\ndumps: {remote: {s3: ${s3}}}\n`);
  env = { AWS_ACCESS_KEY_ID: server.accessKeyId, AWS_SECRET_ACCESS_KEY: server.secretAccessKey };
  await repo.ok(["trust", "--yes"]);
  await writeLarge(join(repo.store, NAME));
});
afterAll(async () => {
  relay?.stop();
  await repo?.remove();
  await server?.remove();
});

async function writeLarge(path: string): Promise<void> {
  await mkdir(repo.store, { recursive: true });
  const block = bytesOf(BLOCK_BYTES);
  const hash = new Bun.CryptoHasher("sha256");
  const file = await open(path, "wx");
  for (let count = 0; count < BLOCKS; count++) {
    block[0] = count;
    hash.update(block);
    await file.write(block);
  }
  await file.close();
  await writeManifest(path, sampleManifest({ name: NAME, size_bytes: SIZE, sha256: hash.digest("hex") }));
}

/** The most memory that it has taken until it ended. */
async function watchMemory(program: Started): Promise<number> {
  let most = 0;
  while (program.isRunning()) {
    const status = existsSync(`/proc/${program.pid}/status`) ? readFileSync(`/proc/${program.pid}/status`, "utf8") : "";
    most = Math.max(most, Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024);
    await Bun.sleep(20);
  }
  return most;
}

async function runWatched(...words: string[]): Promise<void> {
  const program = repo.start(words, { env });
  const most = await watchMemory(program);
  expect(await program.ended).toMatchObject({ code: 0 });
  expect(most).toBeGreaterThan(10 * MIB);
  expect(most).toBeLessThan(MOST_MEMORY);
}

test("3 GB: killed, gone on with, and back, in flat memory", async () => {
  const killed = repo.start(["dumps", "push"], { env });
  await waitFor("a third of it to be sent", 300_000, async () => relay.carried > SIZE / 3 || !killed.isRunning());
  killed.kill("SIGKILL");
  expect(await killed.ended).toMatchObject({ signal: "SIGKILL" });
  const none = JSON.parse(await repo.ok(["dumps", "list", "--remote", "--json"], { env }));
  expect(none).toMatchObject({ dumps: [] });
  const before = relay.carried;
  await runWatched("dumps", "push");
  expect(relay.carried - before).toBeLessThan(SIZE - SIZE / 4);
  await rm(repo.store, { recursive: true });
  await runWatched("dumps", "pull", NAME);
  expect((await repo.run(["dumps", "pull", NAME], { env })).stdout).toContain("is there");
});
