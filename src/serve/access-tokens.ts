/**
 * Who may use the API: tokens, of which only a hash is kept, in a file that its user alone can read. It lies below
 * XDG_STATE_HOME, as the approvals do: a repository's own git folder may be a stranger's.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { configError, missingError } from "../errors.ts";
import { damagedError, type OwnFile, parseOwnFile } from "../repo/own-file.ts";
import { withLock } from "../sys/file-lock.ts";
import { ensureDir, readTextIfExists, writeFileAtomic } from "../sys/files.ts";
import { time } from "../sys/form.ts";
import { SCOPES, type Scope } from "./scopes.ts";

/** What somebody may do who has shown a token. */
export interface Grant {
  id: string;
  scope: Scope;
  /** The targets that it is for; none: all. */
  targets: readonly string[];
}

export interface Token extends Grant {
  /** The git folder that stands for the repository. */
  repository: string;
  note: string | null;
  created_at: string;
  expires_at: string | null;
}

interface StoredToken extends Token {
  /** SHA-256 in hex. The secret is 32 random bytes, so a slow hash would protect nothing more. */
  hash: string;
}

/** The file, and the repository whose tokens count. */
export interface TokenPlace {
  file: string;
  repository: string;
}

const SECRET_BYTES = 32;
const ID_BYTES = 4;
const LOCK_WAIT_MS = 10_000;
const FORM = /^pgrove_([0-9a-f]{8})_([A-Za-z0-9_-]{43})$/;

const storedForm: v.GenericSchema<StoredToken> = v.object({
  ...{ id: v.pipe(v.string(), v.regex(/^[0-9a-f]{8}$/)), scope: v.picklist(SCOPES), targets: v.array(v.string()) },
  ...{ repository: v.string(), note: v.nullable(v.string()), created_at: time, expires_at: v.nullable(time) },
  hash: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});

/** `pgrove/tokens.json`, beside the user's key. */
export function tokenFile(userKey: string): string {
  return join(dirname(userKey), "tokens.json");
}

/** A token's text: shown once, and not to be found again. */
export function makeSecret(): { id: string; text: string; hash: string } {
  const id = randomBytes(ID_BYTES).toString("hex");
  const text = `pgrove_${id}_${randomBytes(SECRET_BYTES).toString("base64url")}`;
  return { id, text, hash: hashOf(text) };
}

/** The repository's tokens, oldest first, without their hashes. */
export async function listTokens(place: TokenPlace): Promise<Token[]> {
  return (await readTokens(place.file))
    .filter(({ repository }) => repository === place.repository)
    .map(({ hash: _hash, ...token }) => token);
}

/** Makes a token and keeps its hash. Resolves with the text to hand out. */
export async function createToken(
  place: TokenPlace,
  given: { scope: Scope; targets: readonly string[]; note: string | null; expiresAt: Date | undefined; now: Date },
): Promise<{ text: string; token: Token }> {
  const { id, text, hash } = makeSecret();
  const token: Token = {
    ...{ id, scope: given.scope, targets: given.targets, repository: place.repository, note: given.note },
    ...{ created_at: given.now.toISOString(), expires_at: given.expiresAt?.toISOString() ?? null },
  };
  await change(place.file, (tokens) => [...tokens, { ...token, hash }]);
  return { text, token };
}

/** Takes a token back. Throws (exit 4) when this repository has none of that id. */
export async function revokeToken(place: TokenPlace, id: string): Promise<void> {
  const isMeant = (token: StoredToken) => token.id === id && token.repository === place.repository;
  await change(place.file, (tokens) => {
    if (!tokens.some(isMeant)) {
      throw missingError("token_missing", `there is no token ${id} of this repository`, "pgrove serve token list");
    }
    return tokens.filter((token) => !isMeant(token));
  });
}

/** What a token's text allows; undefined when it is none, another repository's, or expired. */
export async function findGrant(place: TokenPlace, text: string, now: Date): Promise<Grant | undefined> {
  const id = FORM.exec(text)?.[1];
  if (id === undefined) return undefined;
  const found = (await readTokens(place.file)).find((each) => each.id === id && each.repository === place.repository);
  if (found === undefined || !isSecret(text, found.hash)) return undefined;
  if (found.expires_at !== null && Date.parse(found.expires_at) <= now.getTime()) return undefined;
  return { id, scope: found.scope, targets: found.targets };
}

/** Whether the text is the one with that hash, in a time that says nothing of where they differ. */
export function isSecret(text: string, hash: string): boolean {
  return timingSafeEqual(Buffer.from(hashOf(text), "hex"), Buffer.from(hash, "hex"));
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

async function change(file: string, next: (tokens: StoredToken[]) => StoredToken[]): Promise<void> {
  await ensureDir(dirname(file));
  await withLock(`${file}.lock`, LOCK_WAIT_MS, async () => {
    const tokens = next(await readTokens(file));
    await writeFileAtomic(file, `${JSON.stringify({ version: 1, tokens }, undefined, 2)}\n`, { mode: 0o600 });
  });
}

async function readTokens(file: string): Promise<StoredToken[]> {
  const own: OwnFile = {
    ...{ file, what: "the list of tokens", version: 1 },
    repair: `remove it, and make new ones: pgrove serve token create`,
  };
  const { stat } = await import("node:fs/promises");
  const text = await readTextIfExists(file);
  if (text === undefined) return [];
  if (((await stat(file)).mode & 0o022) !== 0) {
    throw configError(`others may write the list of tokens: ${file}`, `chmod 600 ${file}`);
  }
  const parsed = v.safeParse(v.array(storedForm), parseOwnFile(text, own, "tokens"));
  if (!parsed.success) throw damagedError(own);
  return parsed.output;
}
