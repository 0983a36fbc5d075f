/**
 * A file put into a bucket in parts. A claim beside it, which only one push can make, says which upload it is: another push of
 * the same bytes goes on with that, one of others is refused. So nothing is overwritten, even where a server does not heed conditions
 * on the end of an upload.
 */
import { createHash } from "node:crypto";
import * as v from "valibot";
import { failure, refusal } from "../errors.ts";
import { finite } from "../sys/form.ts";
import { readChecked } from "./read-checked.ts";
import type { CheckedFile, PutWork } from "./remote.ts";
import { eachIn, plainTag, textIn } from "./s3-answer.ts";
import type { S3Client } from "./s3-client.ts";
import { damaged, occupied } from "./trouble.ts";

/** Where the SHA-256 of the whole is written on the object. */
const SHA_HEADER = "x-amz-meta-pgrove-sha256";

const MIB = 1 << 20;
const LEAST_PART_BYTES = 8 * MIB;
const MOST_PARTS = 10_000;
/** What the parts on their way take of memory, and once more in the copies that fetch makes of them. */
const IN_FLIGHT_BYTES = 32 * MIB;

/** A server that puts thousands of parts together takes its time. */
const END_MS = 600_000;

/** After so long a push that left its claim is given up. */
const STALE_MS = 24 * 3_600_000;

interface Claim {
  version: 1;
  sha256: string;
  part_bytes: number;
  upload: string;
}

const claimForm: v.GenericSchema<Claim> = v.object({
  ...{ version: v.literal(1), sha256: v.string(), part_bytes: finite, upload: v.string() },
});

export interface Upload {
  client: S3Client;
  key: string;
  place: string;
  file: CheckedFile;
  nowMs: number;
}

/** Where a push of that key is written down. Its name is that of no dump. */
function claimKey(key: string): string {
  return `${key}.push.json`;
}

/** Puts the file there; see `Remote.putFile`. */
export async function uploadFile(upload: Upload, { report }: PutWork): Promise<void> {
  if (await isThere(upload)) return;
  const claim = await claimUpload(upload);
  const tags = await sendParts(upload, claim, report).catch(async (error: unknown) => {
    if (isGone(error) && (await isThere(upload))) return undefined; // another push of the same has ended it
    throw error;
  });
  if (tags !== undefined) await endUpload(upload, claim, tags);
  await requireWhole(upload, tags);
  await upload.client.ask({ method: "DELETE", key: claimKey(upload.key) });
}

/** Whether just this file is there. Throws (exit 5) when something else is. */
async function isThere({ client, key, file, place }: Upload): Promise<boolean> {
  const { status, headers } = await client.ask({ method: "HEAD", key, expects: [404] });
  if (status === 404) return false;
  const isSame = headers.get(SHA_HEADER) === file.sha256 && Number(headers.get("content-length")) === file.sizeBytes;
  if (isSame) return true;
  throw occupied(place);
}

async function claimUpload(upload: Upload): Promise<Claim> {
  const { client, key, file } = upload;
  const own = await beginUpload(upload);
  const claim = { method: "PUT", key: claimKey(key), body: JSON.stringify(own) } as const;
  if ((await client.create(claim)).status < 300) return own;
  const other = await readClaim(upload);
  if (other?.claim.upload === own.upload) return own; // made by a try whose answer was lost
  if (other?.claim.sha256 === file.sha256 && (await isOpen(upload, other.claim))) {
    await abortUpload(upload, own);
    return other.claim;
  }
  if (other !== undefined && other.claim.sha256 !== file.sha256 && upload.nowMs - other.madeAtMs < STALE_MS) {
    await abortUpload(upload, own);
    const what = `another dump of that name is just being pushed to ${upload.place}`;
    throw refusal("remote_busy", what, "wait for it; one that was given up is in the way for a day");
  }
  if (other !== undefined) await abortUpload(upload, other.claim);
  await client.ask(claim);
  return own;
}

async function readClaim({ client, key }: Upload): Promise<{ claim: Claim; madeAtMs: number } | undefined> {
  const { status, headers, text } = await client.ask({ method: "GET", key: claimKey(key), expects: [404] });
  if (status === 404) return undefined;
  try {
    const claim: unknown = JSON.parse(text);
    if (v.is(claimForm, claim)) return { claim, madeAtMs: Date.parse(headers.get("last-modified") ?? "") };
  } catch {}
  throw failure("remote_damaged", `${claimKey(key)} is not what a push writes there`, "look at it, and remove it");
}

/** The parts are as large as their number needs, and no smaller than pays. */
async function beginUpload({ client, key, file }: Upload): Promise<Claim> {
  const headers = { [SHA_HEADER]: file.sha256, "content-type": "application/octet-stream" };
  const { text } = await client.ask({ method: "POST", key, query: { uploads: "" }, headers });
  const part_bytes = Math.max(LEAST_PART_BYTES, Math.ceil(file.sizeBytes / MOST_PARTS / MIB) * MIB);
  return { version: 1, sha256: file.sha256, part_bytes, upload: textIn(text, "UploadId") ?? "" };
}

async function abortUpload({ client, key }: Upload, { upload }: Claim): Promise<void> {
  await client.ask({ method: "DELETE", key, query: { uploadId: upload }, expects: [404] });
}

async function isOpen({ client, key }: Upload, { upload }: Claim): Promise<boolean> {
  const query = { uploadId: upload, "max-parts": "1" };
  return (await client.ask({ method: "GET", key, query, expects: [404] })).status !== 404;
}

/** What is there of it: the MD5 of each part, by its number. */
async function listParts({ client, key }: Upload, { upload }: Claim): Promise<Map<number, string>> {
  const parts = new Map<number, string>();
  for (let after = "0"; ; ) {
    const query = { uploadId: upload, "part-number-marker": after };
    const { text } = await client.ask({ method: "GET", key, query });
    for (const part of eachIn(text, "Part")) {
      parts.set(Number(textIn(part, "PartNumber")), plainTag(textIn(part, "ETag")) ?? "");
    }
    const next = textIn(text, "NextPartNumberMarker");
    if (textIn(text, "IsTruncated") !== "true" || next === undefined || next === after) return parts;
    after = next;
  }
}

/** Sends what is not there yet, several at once. Resolves with the MD5 of each part, in order. */
async function sendParts(upload: Upload, claim: Claim, report: (bytes: number) => void): Promise<string[]> {
  const there = await listParts(upload, claim);
  const most = Math.max(1, Math.floor(IN_FLIGHT_BYTES / claim.part_bytes) - 1);
  const underWay = new Set<Promise<void>>();
  const tags: string[] = [];
  const spare: Uint8Array[] = []; // used again: what is only let go of is collected much later than it is needed
  const lend = () => spare.pop() ?? new Uint8Array(claim.part_bytes);
  let bytes = 0;
  const send = async (piece: Uint8Array, number: number, md5: string) => {
    if (there.get(number) !== md5) await sendPart(upload, claim, piece, number, md5);
    if (piece.length === claim.part_bytes) spare.push(piece);
    bytes += piece.length;
    report(bytes);
  };
  try {
    for await (const piece of readChecked(upload.file, claim.part_bytes, lend)) {
      const md5 = createHash("md5").update(piece).digest("hex");
      tags.push(md5);
      const sending = send(piece, tags.length, md5).finally(() => underWay.delete(sending));
      underWay.add(sending);
      sending.catch(() => undefined); // thrown where it is waited for
      if (underWay.size >= most) await Promise.race(underWay);
    }
    await Promise.all(underWay);
  } catch (error) {
    await Promise.allSettled(underWay);
    if (isDamagedHere(error)) await giveUp(upload, claim);
    throw error;
  }
  return tags;
}

async function sendPart(
  { client, key, place }: Upload,
  { upload }: Claim,
  body: Uint8Array,
  number: number,
  md5: string,
) {
  const query = { partNumber: String(number), uploadId: upload };
  const { headers } = await client.ask({ method: "PUT", key, query, body, md5 });
  const tag = plainTag(headers.get("etag"));
  if (isMd5(tag) && !isEncryptedThere(headers) && tag !== md5)
    throw damaged(`a part of ${place} did not arrive as it was sent`);
}

async function giveUp(upload: Upload, claim: Claim): Promise<void> {
  await abortUpload(upload, claim);
  await upload.client.ask({ method: "DELETE", key: claimKey(upload.key) });
}

function isDamagedHere(error: unknown): boolean {
  return Reflect.get(Object(error), "code") === "dump_damaged";
}

/** The upload is no more. */
function isGone(error: unknown): boolean {
  return Reflect.get(Object(error), "code") === "remote_missing";
}

async function endUpload(upload: Upload, claim: Claim, tags: readonly string[]): Promise<void> {
  const parts = tags.map((tag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>"${tag}"</ETag></Part>`);
  const { status, text } = await upload.client.create({
    ...{ method: "POST", key: upload.key, query: { uploadId: claim.upload }, expects: [404], boundMs: END_MS },
    body: `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`,
  });
  const code = textIn(text, "Code");
  if (status < 300 && code === undefined) return;
  if (await isThere(upload)) return; // ended before, by a try whose answer was lost or by another push of the same
  throw failure("remote_failed", `the upload to ${upload.place} could not be ended: ${code ?? status}`, "try again");
}

/** Asks what is there: its size, and, where the server says it that way, the MD5 of its parts' MD5s. */
async function requireWhole({ client, key, file, place }: Upload, tags: readonly string[] | undefined): Promise<void> {
  const { headers } = await client.ask({ method: "HEAD", key });
  const size = Number(headers.get("content-length"));
  const tag = plainTag(headers.get("etag"));
  const whole = tags === undefined ? undefined : `${md5OfAll(tags)}-${tags.length}`;
  const isOther =
    whole !== undefined && /^[0-9a-f]{32}-\d+$/.test(tag ?? "") && !isEncryptedThere(headers) && tag !== whole;
  if (size !== file.sizeBytes || isOther) throw damaged(`what the server has at ${place} is not what was sent`);
}

function md5OfAll(tags: readonly string[]): string {
  return createHash("md5")
    .update(Buffer.concat(tags.map((tag) => Buffer.from(tag, "hex"))))
    .digest("hex");
}

function isMd5(tag: string | undefined): boolean {
  return /^[0-9a-f]{32}$/.test(tag ?? "");
}

/** Then its tags are no MD5 of what was sent. */
function isEncryptedThere(headers: Headers): boolean {
  return (
    /kms/.test(headers.get("x-amz-server-side-encryption") ?? "") ||
    headers.has("x-amz-server-side-encryption-customer-algorithm")
  );
}
