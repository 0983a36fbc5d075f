/** The keys of encrypted dumps: what pgrove.yaml and the environment name, and who is asked. */
import { resolve } from "node:path";
import type { Config } from "../config/config-schema.ts";
import { configError, missingError } from "../errors.ts";
import type { TrustKey } from "../repo/trust-items.ts";
import type { DumpKeys, Readers } from "../sys/dump-keys.ts";
import { expandHome, readTextIfExists } from "../sys/files.ts";
import { once } from "../sys/once.ts";
import { findOutside } from "./outside-repository.ts";
import { requireTrust, type TrustContext } from "./trust.ts";

const VARIABLE = "PGROVE_AGE_IDENTITY";
const SECRET_KEY = /^AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]+$/;

/** Each is looked for when it is first asked for: what pgrove.yaml names of them needs its approval then. */
export function createDumpKeys(context: TrustContext, dumps: Config["dumps"] | undefined): DumpKeys {
  let asked: Promise<string | undefined> | undefined; // once for all dumps of one command
  return {
    namesTables: dumps?.encrypt?.names ?? false,
    readers: once(async () => {
      await requireTrust(context, { keys: ["dumps.encrypt"] }); // also where a branch takes it away
      return dumps?.encrypt && (await findReaders(context, dumps.encrypt));
    }),
    identities: once(async () => [
      ...(await identitiesOfEnvironment(context)),
      ...(dumps?.identity_file === undefined ? [] : await identitiesOfConfig(context, dumps.identity_file)),
    ]),
    passphrase: (dump) => {
      asked ??= findPassphrase(context, dumps?.encrypt?.passphrase_file, dump);
      return asked;
    },
  };
}

async function findReaders(
  context: TrustContext,
  { recipients = [], recipients_file: file, passphrase_file: secret }: NonNullable<Config["dumps"]["encrypt"]>,
): Promise<Readers> {
  if (secret !== undefined) return { passphrase: await readPassphrase(context, secret) };
  const listed = file === undefined ? [] : await readRecipients(context, file);
  const all = [...new Set([...recipients, ...listed])];
  if (all.length === 0)
    throw configError(`dumps.encrypt.recipients_file names no public key: ${file}`, "age-keygen makes one");
  const { Encrypter } = await import("age-encryption");
  for (const each of all) {
    try {
      new Encrypter().addRecipient(each);
    } catch {
      throw configError(
        `dumps.encrypt: ${each} is not a public key of age`,
        "it was cut off or mistyped: age-keygen -y FILE shows it",
      );
    }
  }
  return { recipients: all };
}

async function readRecipients(context: TrustContext, written: string): Promise<string[]> {
  const { dir } = await context.requireConfig();
  const file = resolve(dir, expandHome(written, context.home));
  return linesOf(await requireText(file, "dumps.encrypt.recipients_file"));
}

/** The key itself, or the path of a file of keys. */
async function identitiesOfEnvironment({ environment, cwd, home }: TrustContext): Promise<string[]> {
  const value = environment[VARIABLE]?.trim() ?? "";
  if (value === "") return [];
  if (/^(?:#|AGE-)/.test(value)) return await requireIdentities(value, VARIABLE);
  const file = resolve(cwd, expandHome(value, home));
  return await requireIdentities(await requireText(file, VARIABLE), file);
}

async function identitiesOfConfig(context: TrustContext, written: string): Promise<string[]> {
  const file = await findSecretFile(context, "dumps.identity_file", written);
  return await requireIdentities(await requireText(file, "dumps.identity_file"), file);
}

/** Throws (exit 3) where a line is no secret key, and says nothing of what it is. */
async function requireIdentities(text: string, where: string): Promise<string[]> {
  const lines = linesOf(text);
  const { Decrypter } = await import("age-encryption");
  const isSound = (line: string) => {
    try {
      new Decrypter().addIdentity(line);
      return SECRET_KEY.test(line);
    } catch {
      return false;
    }
  };
  if (lines.length > 0 && lines.every(isSound)) return lines;
  const what = /^(?:age-encryption\.org|-----BEGIN AGE)/.test(text)
    ? "is itself encrypted"
    : "holds no secret key of age (AGE-SECRET-KEY-1…), or one that was changed";
  throw configError(`${where} ${what}`, "age-keygen -o FILE makes one; keys of ssh and of plugins are not known here");
}

async function findPassphrase(
  context: TrustContext,
  file: string | undefined,
  dump: string,
): Promise<string | undefined> {
  if (file !== undefined) return await readPassphrase(context, file);
  return context.prompt.available ? await context.prompt.secret(`The passphrase of ${dump}`) : undefined;
}

async function readPassphrase(context: TrustContext, written: string): Promise<string> {
  const key = "dumps.encrypt.passphrase_file";
  const file = await findSecretFile(context, "dumps.encrypt", written, key);
  const [passphrase = ""] = (await requireText(file, key)).split(/\r?\n/);
  if (passphrase !== "") return passphrase;
  throw configError(`${key} begins with an empty line: ${file}`, "the passphrase is its first line");
}

async function findSecretFile(
  context: TrustContext,
  trusted: TrustKey,
  written: string,
  key: string = trusted,
): Promise<string> {
  await requireTrust(context, { keys: [trusted] });
  return await findOutside(context, key, written);
}

async function requireText(file: string, key: string): Promise<string> {
  const text = await readTextIfExists(file);
  if (text !== undefined) return text;
  throw missingError(
    "key_missing",
    `there is no file ${file}, which ${key} names`,
    "get it from whoever has it, or correct the path",
  );
}

/** Without comments. */
function linesOf(text: string): string[] {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}
