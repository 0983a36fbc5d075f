/** A bucket of an S3 server. */

import type { Environment } from "../config/env-vars.ts";
import type { RemoteConfig } from "../config/schema-remote.ts";
import { findKeys } from "./aws-keys.ts";
import type { Remote, RemoteObject, RemoteTools } from "./remote.ts";
import { eachIn, plainTag, textIn } from "./s3-answer.ts";
import { S3Client } from "./s3-client.ts";
import { uploadFile } from "./s3-upload.ts";
import { cutList, noS3, occupied } from "./trouble.ts";

const AT_ONCE = 16;

export interface S3Spot {
  project: string;
  environment: Environment;
  home: string;
}

/** Opens the bucket. Throws (exit 4) when there are no keys for it. */
export async function openS3(
  { endpoint, region, bucket, prefix = "" }: NonNullable<RemoteConfig["s3"]>,
  { project, environment, home }: S3Spot,
  tools: RemoteTools,
): Promise<Remote> {
  const keys = await findKeys(environment, home);
  const found = region || environment.AWS_REGION || environment.AWS_DEFAULT_REGION || "us-east-1";
  const client = new S3Client({ endpoint, region: found, bucket, keys }, tools);
  const folder = [...prefix.split("/").filter((part) => part !== ""), project].join("/");
  const keyOf = (name: string) => `${folder}/${name}`;
  const place = (name: string) => `${client.label}/${keyOf(name)}`;
  return {
    ...{ kind: "s3", label: `${client.label}/${folder}`, place },
    list: () => listBelow(client, `${folder}/`),
    find: (name) => findObject(client, name, keyOf(name)),
    readTexts: (names) => readTexts(client, names, keyOf),
    read: (name, { from, length }, take) => {
      const range = `bytes=${from}-${length === undefined ? "" : from + length - 1}`;
      return client.read({ method: "GET", key: keyOf(name), headers: { range } }, take);
    },
    putFile: (name, file, work) =>
      uploadFile({ client, key: keyOf(name), place: place(name), file, nowMs: tools.clock.now().getTime() }, work),
    putText: (name, text, replace) => putText(client, keyOf(name), place(name), text, replace),
    remove: async (name) => void (await client.ask({ method: "DELETE", key: keyOf(name), expects: [404] })),
  };
}

async function listBelow(client: S3Client, prefix: string): Promise<RemoteObject[]> {
  const objects: RemoteObject[] = [];
  for (let token: string | undefined; ; ) {
    const more = token === undefined ? {} : { "continuation-token": token };
    const query = { "list-type": "2", prefix, "encoding-type": "url", ...more };
    const { text } = await client.ask({ method: "GET", query });
    if (!/<ListBucketResult[\s>]/.test(text)) throw noS3(client.label);
    const isEncoded = textIn(text, "EncodingType") === "url";
    for (const each of eachIn(text, "Contents")) {
      const written = textIn(each, "Key") ?? "";
      const key = isEncoded ? decodeURIComponent(written.replaceAll("+", " ")) : written;
      if (!key.startsWith(prefix)) continue;
      objects.push({
        ...{ name: key.slice(prefix.length), sizeBytes: Number(textIn(each, "Size")) },
        ...{ modifiedAt: new Date(textIn(each, "LastModified") ?? 0), tag: plainTag(textIn(each, "ETag")) ?? "" },
      });
    }
    if (textIn(text, "IsTruncated") !== "true") return objects;
    const next = textIn(text, "NextContinuationToken");
    if (next === undefined || next === token) throw cutList(client.label); // a part of it is not all that is there
    token = next;
  }
}

async function findObject(client: S3Client, name: string, key: string): Promise<RemoteObject | undefined> {
  const { status, headers } = await client.ask({ method: "HEAD", key, expects: [404] });
  if (status === 404) return undefined;
  return {
    ...{ name, sizeBytes: Number(headers.get("content-length")), tag: plainTag(headers.get("etag")) ?? "" },
    modifiedAt: new Date(headers.get("last-modified") ?? 0),
  };
}

async function readTexts(
  client: S3Client,
  names: readonly string[],
  keyOf: (name: string) => string,
): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  const left = names.values();
  const readOn = async () => {
    for (const name of left) {
      const { status, text } = await client.ask({ method: "GET", key: keyOf(name), expects: [404] });
      if (status !== 404) texts.set(name, text);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, readOn));
  return texts;
}

async function putText(client: S3Client, key: string, place: string, text: string, replace: boolean): Promise<void> {
  const put = { method: "PUT", key, body: text, headers: { "content-type": "application/json" } } as const;
  const { status } = await (replace ? client.ask(put) : client.create(put));
  if (status < 300) return;
  const there = await client.ask({ method: "GET", key, expects: [404] });
  if (there.text !== text) throw occupied(place); // the same: put by a try whose answer was lost
}
