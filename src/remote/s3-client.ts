/**
 * Requests to an S3 server, signed, each with a bound on its time, and tried again where what went wrong may pass. Bun's own
 * client is not used: it has no bound, hides the status, and does not know half an upload.
 */
import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import { failure, messageOf, type PgroveError } from "../errors.ts";
import type { AwsKeys } from "./aws-keys.ts";
import type { RemoteTools } from "./remote.ts";
import { textIn } from "./s3-answer.ts";
import { absent, busy, denied, full, lost, persist } from "./trouble.ts";

export interface S3Request {
  method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** The whole key; left out for the bucket itself. */
  key?: string;
  query?: Readonly<Record<string, string>>;
  headers?: Readonly<Record<string, string>>;
  body?: Uint8Array | string;
  /** The body's MD5 in hex, where it is known already. */
  md5?: string;
  /** How long it may take, in ms, where that is longer than usual. */
  boundMs?: number;
  /** Statuses beside 2xx that the caller knows what to do with. */
  expects?: readonly number[];
}

interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

export interface S3Place {
  endpoint: string | undefined;
  region: string;
  bucket: string;
  keys: AwsKeys;
}

/** An answer has to begin after so long, and so many bytes are to have gone by in each second until then. */
const BASE_MS = 60_000;
const LEAST_BYTES_PER_MS = 32;

const NOT_IMPLEMENTED = 501;

export class S3Client {
  /** For people: `s3://bucket`. */
  readonly label: string;
  /** How far this machine's clock is behind the server's, where that does not take it. */
  private clockOffMs = 0;

  constructor(
    private readonly place: S3Place,
    private readonly tools: RemoteTools,
  ) {
    this.label = `s3://${place.bucket}`;
  }

  /** Resolves with the answer's head and text. Throws for every status that is not expected. */
  async ask(request: S3Request): Promise<Answer> {
    const once = async () => {
      const patience = new Patience(request.boundMs ?? BASE_MS + (request.body?.length ?? 0) / LEAST_BYTES_PER_MS);
      try {
        const response = await this.send(request, patience);
        const text = await response.text().catch((error: unknown) => this.failed(error));
        return { status: response.status, headers: response.headers, text };
      } finally {
        patience.end();
      }
    };
    return await persist(once, this.tools);
  }

  /** The same of what makes something that must not be there yet: 409 or 412 where it is. */
  async create(request: S3Request & { key: string }): Promise<Answer> {
    const expects = [...(request.expects ?? []), 409, 412, NOT_IMPLEMENTED];
    const headers = { ...request.headers, "if-none-match": "*" };
    const answer = await this.ask({ ...request, headers, expects });
    if (answer.status !== NOT_IMPLEMENTED) return answer;
    // A server without conditions: it is looked at before, which leaves a moment in between.
    const there = await this.ask({ method: "HEAD", key: request.key, expects: [404] });
    return there.status === 404 ? await this.ask(request) : { ...there, status: 412 };
  }

  /** The same, tried once, with the answer's bytes handed over as they come. */
  async read(request: S3Request, take: (piece: Uint8Array) => Promise<void>): Promise<void> {
    const patience = new Patience(BASE_MS);
    try {
      const reader = (await this.send(request, patience)).body?.getReader();
      for (;;) {
        const next = await reader?.read().catch((error: unknown) => this.failed(error));
        if (next?.value === undefined) return;
        patience.pause(); // whoever takes it may take their time
        await take(next.value);
        patience.renew();
      }
    } finally {
      patience.end(); // and with it what is still to come
    }
  }

  private async send(request: S3Request, patience: Patience): Promise<Response> {
    const signal = AbortSignal.any([this.tools.abort, patience.signal]);
    const response = await this.fetch(request, signal).catch((error: unknown) => this.failed(error));
    if (response.ok || request.expects?.includes(response.status)) return response;
    const text = request.method === "HEAD" ? "" : await response.text().catch(() => "");
    if (this.learnClock(response, text)) return await this.send(request, patience);
    throw explain(this.label, this.place, response, text);
  }

  private async fetch(request: S3Request, signal: AbortSignal): Promise<Response> {
    const { method, body, md5, headers = {} } = request;
    const given = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const signed = await new AwsV4Signer({
      ...{ ...this.place.keys, method, url: urlOf(this.place, request), service: "s3", region: this.place.region },
      datetime: stampOf(this.tools.clock.now().getTime() + this.clockOffMs),
      headers: {
        ...headers,
        "x-amz-content-sha256": "UNSIGNED-PAYLOAD", // its MD5 is signed instead, and checked by the server
        ...(given === undefined
          ? {}
          : { "content-md5": inBase64(md5) ?? createHash("md5").update(given).digest("base64") }),
      },
    }).sign();
    signed.headers.set("accept-encoding", "identity"); // not signed: what stands in between may change it
    const options = { method, headers: signed.headers, signal, redirect: "manual" as const };
    return await fetch(signed.url, given === undefined ? options : { ...options, body: given });
  }

  /** Takes the server's own time, where it does not take ours: once, and says so. */
  private learnClock(response: Response, text: string): boolean {
    const theirs = Date.parse(response.headers.get("date") ?? "");
    if (textIn(text, "Code") !== "RequestTimeTooSkewed" || Number.isNaN(theirs) || this.clockOffMs !== 0) return false;
    this.clockOffMs = theirs - this.tools.clock.now().getTime();
    const minutes = Math.round(Math.abs(this.clockOffMs) / 60_000);
    const side = this.clockOffMs > 0 ? "behind" : "ahead of";
    this.tools.note(`this machine's clock is ${minutes} min ${side} that of ${this.label}: theirs is used there`);
    return true;
  }

  private failed(error: unknown): never {
    this.tools.abort.throwIfAborted();
    const said = messageOf(error);
    const code = String(Reflect.get(Object(error), "code"));
    if (!/certificate|self.signed|CERT_|UNABLE_TO_/i.test(`${said} ${code}`)) throw lost(this.label, said, error);
    const hint = `look at dumps.remote.s3.endpoint: ${this.place.endpoint}`;
    throw absent(`the server of ${this.label} cannot be trusted: ${said}`, hint);
  }
}

/** A bound on the time in which nothing comes. */
class Patience {
  private readonly controller = new AbortController();
  private timer: Timer | undefined;

  constructor(private readonly ms: number) {
    this.renew();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  renew(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => this.controller.abort(new Error(`no answer for ${Math.round(this.ms / 1000)} s`)),
      this.ms,
    );
  }

  pause(): void {
    clearTimeout(this.timer);
  }

  end(): void {
    clearTimeout(this.timer);
    this.controller.abort();
  }
}

function inBase64(hex: string | undefined): string | undefined {
  return hex === undefined ? undefined : Buffer.from(hex, "hex").toString("base64");
}

/** The bucket in the path where the server is named, and where its name has dots, which no certificate takes; else before the host. */
function urlOf({ endpoint, region, bucket }: S3Place, { key, query = {} }: S3Request): string {
  const isInHost = endpoint === undefined && !bucket.includes(".");
  const amazon = isInHost ? `https://${bucket}.s3.${region}.amazonaws.com` : `https://s3.${region}.amazonaws.com`;
  const path = [...(isInHost ? [] : [bucket]), ...(key === undefined ? [] : key.split("/"))].map(encode).join("/");
  const asked = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`);
  return `${(endpoint ?? amazon).replace(/\/+$/, "")}/${path}${asked.length === 0 ? "" : `?${asked.join("&")}`}`;
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** `20260115T143022Z`. */
function stampOf(ms: number): string {
  return new Date(ms).toISOString().replace(/[:-]|\.\d{3}/g, "");
}

/** What a server means with its refusal. */
function explain(label: string, { region }: S3Place, { status, headers }: Response, text: string): PgroveError {
  const code = textIn(text, "Code") ?? `status ${status}`;
  const said = [code, textIn(text, "Message")].filter(Boolean).join(": ");
  if (/Quota|StorageFull|TooMuch|EntityTooLarge/i.test(code) || status === 507) return full(label, said);
  if (code === "RequestTimeTooSkewed") return denied(label, said, "set this machine's clock");
  if (code === "NoSuchBucket")
    return absent(`there is no bucket for ${label}`, "make it, or set dumps.remote.s3.bucket");
  if (status === 301 || code === "AuthorizationHeaderMalformed" || code === "PermanentRedirect") {
    const theirs = headers.get("x-amz-bucket-region") ?? textIn(text, "Region");
    return absent(`${label} is not in the region ${region}`, `dumps.remote.s3.region: ${theirs ?? "the bucket's"}`);
  }
  if (status === 401 || status === 403) return denied(label, said, HINTS[code] ?? MAY_NOT);
  if (status === 404) return absent(`${label} has no such thing: ${said}`, "pgrove dumps list --remote");
  if ([408, 429, 500, 502, 503, 504].includes(status) || code === "RequestTimeout" || code === "SlowDown") {
    return busy(label, said, Number(headers.get("retry-after") ?? 0) * 1000 || undefined);
  }
  if (code === "BadDigest") return lost(label, said);
  return failure("remote_failed", `${label} answers ${said}`, "pgrove dumps list --remote");
}

const MAY_NOT = "give the key's user the rights to list, read, write and delete in this bucket";
const HINTS: Readonly<Record<string, string>> = {
  SignatureDoesNotMatch: "look at AWS_SECRET_ACCESS_KEY: it is not the one of that key",
  InvalidAccessKeyId: "look at AWS_ACCESS_KEY_ID: the server does not know it",
  ExpiredToken: "get new keys: AWS_SESSION_TOKEN is too old",
};
