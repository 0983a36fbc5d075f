import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Decrypter, Encrypter, generateIdentity, identityToRecipient } from "age-encryption";
import fc from "fast-check";
import { openDumpBytes } from "../../../../src/archive/age/age-bytes.ts";
import { openAgeWriter } from "../../../../src/archive/age/age-writer.ts";
import type { DumpKeys, Readers } from "../../../../src/sys/dump-keys.ts";

let folder = "";
let identity = "";
let readers: Readers;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgrove-age-"));
  identity = await generateIdentity();
  readers = { recipients: [await identityToRecipient(identity)] };
});
afterAll(() => rm(folder, { recursive: true }));

const CHUNK = 64 << 10;
const keysOf = (keys: Partial<{ identities: string[]; passphrase: string }>): DumpKeys => ({
  readers: async () => undefined,
  namesTables: false,
  identities: async () => keys.identities ?? [],
  passphrase: async () => keys.passphrase,
});
const own = () => keysOf({ identities: [identity] });

let seed = 1;
/** Bytes that no two places have in common by accident. */
const bytesOf = (length: number) => {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    bytes[at] = seed >> 16;
  }
  return bytes;
};

async function encrypt(plain: Uint8Array, pieceBytes: number, whom = readers): Promise<Buffer> {
  const written: Uint8Array[] = [];
  const writer = await openAgeWriter(whom, async (bytes) => void written.push(new Uint8Array(bytes)));
  for (let at = 0; at < plain.length; at += pieceBytes) await writer.write(plain.subarray(at, at + pieceBytes));
  await writer.end();
  return Buffer.concat(written);
}

async function open(file: Uint8Array, keys: DumpKeys | undefined, recipients?: string[]) {
  const path = join(folder, "x.dump.age");
  await Bun.write(path, file);
  return await openDumpBytes({ name: "x.dump.age", path, recipients }, keys);
}

async function readAll(file: Uint8Array, keys: DumpKeys | undefined): Promise<Buffer> {
  const { bytes } = await open(file, keys);
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes.stream()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const SIZES = [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 300_001];

test("age's own library reads what is written, and what it writes is read", async () => {
  const { recipients } = readers as { recipients: string[] };
  const [encrypter, decrypter] = [new Encrypter(), new Decrypter()];
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  decrypter.addIdentity(identity);
  for (const [place, size] of SIZES.entries()) {
    const plain = bytesOf(size);
    const ours = await encrypt(plain, [100_000, CHUNK, 777][place % 3] ?? 1);
    expect(Buffer.compare(await decrypter.decrypt(new Uint8Array(ours)), plain)).toBe(0);
    expect(Buffer.compare(await readAll(ours, own()), plain)).toBe(0);
    expect(Buffer.compare(await readAll(await encrypter.encrypt(plain), own()), plain)).toBe(0);
  }
  expect(await readAll(await encrypter.encrypt(new Uint8Array()), own())).toHaveLength(0);
});

test("any part of it can be read alone", async () => {
  const plain = bytesOf(3 * CHUNK + 100);
  const { bytes } = await open(await encrypt(plain, 50_000), own());
  await bytes.reading(async ({ sizeBytes, read }) => {
    expect(sizeBytes).toBe(plain.length);
    const place = fc.tuple(fc.nat(plain.length + 10), fc.nat(2 * CHUNK));
    await fc.assert(
      fc.asyncProperty(place, async ([at, length]) => {
        expect(Buffer.compare(await read(at, length), plain.subarray(at, at + length))).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});

test("a byte that was changed, and an end that is missing or was added, are found", async () => {
  const file = await encrypt(bytesOf(2 * CHUNK + 500), CHUNK);
  const isRefused = async (bytes: Uint8Array) => {
    const error: unknown = await readAll(bytes, own()).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: expect.stringMatching(/^(dump_damaged|identity_missing)$/) });
  };
  const magic = "age-encryption.org/v1\n".length; // without it, the file is none of age's
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: magic, max: file.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (at, by) => {
        const flipped = Buffer.from(file);
        flipped[at] = (flipped[at] ?? 0) ^ by;
        await isRefused(flipped);
      },
    ),
    { numRuns: 60 },
  );
  const header = file.indexOf("\n", file.indexOf("\n--- ") + 1) + 1 + 16;
  const chunk = (index: number) => file.subarray(header + index * (CHUNK + 16), header + (index + 1) * (CHUNK + 16));
  const head = file.subarray(0, header);
  for (const length of [
    magic + 3,
    header,
    header + 10,
    header + CHUNK + 16,
    header + 2 * (CHUNK + 16),
    file.length - 1,
  ])
    await isRefused(file.subarray(0, length));
  await isRefused(Buffer.concat([head, chunk(1), chunk(0), chunk(2)]));
  await isRefused(Buffer.concat([head, chunk(0), chunk(0), chunk(1), chunk(2)]));
  await isRefused(Buffer.concat([file, Buffer.from("x")]));
  await isRefused(Buffer.concat([file, file]));
});

test("without the right key it is said for whom the file is", async () => {
  const file = await encrypt(bytesOf(10), 10);
  const other = keysOf({ identities: [await generateIdentity()] });
  for (const keys of [undefined, keysOf({}), other]) {
    await expect(open(file, keys, ["age1abc…xyz"])).rejects.toMatchObject({
      ...{ code: "identity_missing", exit: 4, message: expect.stringContaining("age1abc…xyz") },
      hint: expect.stringContaining("PGROVE_AGE_IDENTITY"),
    });
    await expect(open(file, keys)).rejects.toMatchObject({ message: expect.stringContaining("X25519") });
  }
});

test("a passphrase opens what was encrypted with it, here and elsewhere", async () => {
  const plain = bytesOf(100);
  const ours = await encrypt(plain, 100, { passphrase: "correct horse" });
  expect(Buffer.compare(await readAll(ours, keysOf({ passphrase: "correct horse" })), plain)).toBe(0);
  const encrypter = new Encrypter();
  encrypter.setPassphrase("correct horse");
  encrypter.setScryptWorkFactor(8);
  const theirs = await encrypter.encrypt(plain);
  expect(Buffer.compare(await readAll(theirs, keysOf({ passphrase: "correct horse" })), plain)).toBe(0);
  for (const keys of [undefined, own(), keysOf({ passphrase: "wrong" })])
    await expect(open(theirs, keys)).rejects.toMatchObject({ code: "passphrase_wrong", exit: 4 });
});
