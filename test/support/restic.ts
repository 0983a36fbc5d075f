/**
 * restic's own `forget`, to compare with. Its snapshots are files of a published format (restic's design document, "Keys,
 * Encryption and MAC"): a history of hundreds is written as such, since each `restic backup` spends half a second on its key.
 */
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unpackPackage } from "./engine/apt.ts";
import { runOk } from "./engine/run.ts";

/** One history: what was backed up on one host. */
export interface ResticHistory {
  host: string;
  snapshots: readonly { /** RFC 3339, in the zone's own offset. */ time: string; tags: readonly string[] }[];
}

export interface Restic {
  /** Puts these histories in the place of what was there. */
  write(histories: readonly ResticHistory[]): void;
  /** What `forget` would keep of each host: the reasons by the snapshot's time. */
  forget(options: readonly string[], zone: string): Promise<Map<string, Map<string, string[]>>>;
  remove(): void;
}

interface MasterKey {
  mac: { k: string; r: string };
  encrypt: string;
}

/**
 * The restic of Debian's trixie: before 0.16 what is oldest did not stay. A new repository with one real backup, of which the others are copies at other times.
 */
export async function openRestic(): Promise<Restic> {
  const program = join(await unpackPackage("restic", "trixie"), "usr/bin/restic");
  const folder = mkdtempSync(join(tmpdir(), "pgrove-restic-"));
  const repository = join(folder, "repository");
  writeFileSync(join(folder, "file"), "backed up\n");
  const env = { RESTIC_PASSWORD: "of a test", RESTIC_REPOSITORY: repository, RESTIC_CACHE_DIR: join(folder, "cache") };
  const restic = (args: readonly string[], zone = "UTC") => runOk(program, args, { env: { ...env, TZ: zone } });
  await restic(["init", "--quiet"]);
  await restic(["backup", "--quiet", "--time", "2001-02-03 04:05:06", join(folder, "file")]);
  const [real]: Record<string, unknown>[] = JSON.parse(await restic(["snapshots", "--json"]));
  const { id: _, short_id: __, ...model } = real ?? {};
  const key: MasterKey = JSON.parse(await restic(["cat", "masterkey"]));
  const place = join(repository, "snapshots");
  return {
    write(histories) {
      rmSync(place, { recursive: true });
      mkdirSync(place);
      for (const { host, snapshots } of histories) {
        for (const { time, tags } of snapshots) {
          const sealed = seal(key, JSON.stringify({ ...model, time, hostname: host, tags }));
          writeFileSync(join(place, createHash("sha256").update(sealed).digest("hex")), sealed);
        }
      }
    },
    async forget(options, zone) {
      const answer = await restic(
        ["forget", "--dry-run", "--json", "--no-lock", "--group-by", "host", ...options],
        zone,
      );
      const groups: { host: string; reasons: { snapshot: { time: string }; matches: string[] }[] | null }[] =
        JSON.parse(answer);
      return new Map(
        groups.map(({ host, reasons }) => [
          host,
          new Map((reasons ?? []).map(({ snapshot, matches }) => [new Date(snapshot.time).toISOString(), matches])),
        ]),
      );
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** AES-256 in counter mode, and Poly1305-AES of what that gives: nonce, ciphertext, tag. */
function seal({ mac, encrypt }: MasterKey, text: string): Buffer {
  const nonce = randomBytes(16);
  const cipher = createCipheriv("aes-256-ctr", Buffer.from(encrypt, "base64"), nonce);
  const encrypted = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  const block = createCipheriv("aes-128-ecb", Buffer.from(mac.k, "base64"), null).setAutoPadding(false);
  return Buffer.concat([nonce, encrypted, poly1305(encrypted, Buffer.from(mac.r, "base64"), block.update(nonce))]);
}

const PRIME = (1n << 130n) - 5n;
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn;

function poly1305(message: Buffer, r: Buffer, s: Buffer): Buffer {
  const number = (bytes: Buffer) => BigInt(`0x${Buffer.from(bytes).reverse().toString("hex") || "0"}`);
  const factor = number(r) & CLAMP;
  let sum = 0n;
  for (let start = 0; start < message.length; start += 16) {
    const piece = message.subarray(start, start + 16);
    sum = ((sum + number(piece) + (1n << BigInt(8 * piece.length))) * factor) % PRIME;
  }
  const tag = (sum + number(s)) & ((1n << 128n) - 1n);
  return Buffer.from(tag.toString(16).padStart(32, "0"), "hex").reverse();
}
