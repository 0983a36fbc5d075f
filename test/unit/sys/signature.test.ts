import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureSigner, findSigner } from "../../../src/sys/signature.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgrove-signature-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("what one signer has signed is known by the next one of the same key, and by no other", async () => {
  const file = join(folder, "own", "user.key");
  expect(await findSigner(file)).toBeUndefined();
  const signature = (await ensureSigner(file)).sign("record", "text");
  const again = await findSigner(file);
  expect(again?.isSigned("record", "text", signature)).toBeTrue();
  expect(again?.isSigned("record", "another text", signature)).toBeFalse();
  expect(again?.isSigned("manifest", "text", signature)).toBeFalse();
  const stranger = await ensureSigner(join(folder, "stranger.key"));
  expect(stranger.isSigned("record", "text", signature)).toBeFalse();
});

test.each([undefined, 5, "", "ab", "g".repeat(64), {}])("%p is no signature", async (signature) => {
  expect((await ensureSigner(join(folder, "k"))).isSigned("record", "text", signature)).toBeFalse();
});

test("the key is its owner's alone, and one key for all who make it at once", async () => {
  const file = join(folder, "user.key");
  const signers = await Promise.all(Array.from({ length: 8 }, () => ensureSigner(file)));
  expect(new Set(signers.map((each) => each.sign("record", "text"))).size).toBe(1);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(["user.key"]);
});

test("a damaged key, and a place where none can be kept, are named", async () => {
  const file = join(folder, "user.key");
  await writeFile(file, "not a key\n");
  await expect(findSigner(file)).rejects.toThrow(file);
  await expect(ensureSigner(join(file, "below", "a-file"))).rejects.toThrow("cannot keep the key");
});
