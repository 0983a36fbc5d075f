/** The keys for a bucket: from the environment, else from AWS's own files. They are nowhere else, and never shown. */
import { join } from "node:path";
import type { Environment } from "../config/env-vars.ts";
import { missingError } from "../errors.ts";
import { expandHome, readTextIfExists } from "../sys/files.ts";

export interface AwsKeys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/**
 * AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, else the profile AWS_PROFILE of AWS_SHARED_CREDENTIALS_FILE or
 * `~/.aws/credentials`. Throws (exit 4) when there are none.
 */
export async function findKeys(environment: Environment, home: string): Promise<AwsKeys> {
  const found = keysOf({
    id: environment.AWS_ACCESS_KEY_ID,
    secret: environment.AWS_SECRET_ACCESS_KEY,
    token: environment.AWS_SESSION_TOKEN,
  });
  if (found !== undefined) return found;
  const profile = environment.AWS_PROFILE || "default";
  const file = expandHome(environment.AWS_SHARED_CREDENTIALS_FILE || join(home, ".aws", "credentials"), home);
  const settings = readProfile((await readTextIfExists(file)) ?? "", profile);
  const ofFile = keysOf({
    id: settings.get("aws_access_key_id"),
    secret: settings.get("aws_secret_access_key"),
    token: settings.get("aws_session_token"),
  });
  if (ofFile !== undefined) return ofFile;
  throw missingError(
    "remote_keys_missing",
    `there are no keys for dumps.remote.s3: neither in the environment nor as the profile ${profile} in ${file}`,
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write that profile",
  );
}

function keysOf({ id, secret, token }: Record<"id" | "secret" | "token", string | undefined>): AwsKeys | undefined {
  if (!id || !secret) return undefined;
  return { accessKeyId: id, secretAccessKey: secret, ...(token ? { sessionToken: token } : {}) };
}

/** The settings of one profile: `[name]`, then `key = value`, as AWS's guide to its shared files has them. */
function readProfile(text: string, profile: string): Map<string, string> {
  const settings = new Map<string, string>();
  let isMeant = false;
  for (const line of text.split(/\r?\n/)) {
    const section = /^\s*\[\s*(?:profile\s+)?([^\]]+?)\s*\]/.exec(line)?.[1];
    if (section !== undefined) isMeant = section === profile;
    const [, key, value] = /^\s*([A-Za-z_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (isMeant && key !== undefined && value !== undefined) settings.set(key.toLowerCase(), value);
  }
  return settings;
}
