/**
 * Who gets in. A browser on this machine can be led to us by any page that it shows: so the host that was asked for must be
 * ours (else a name that was pointed at 127.0.0.1 would do), a request from another page's origin is refused, and a token is
 * wanted in a header, which no foreign page can set. There are no cookies, so nothing is sent along unasked.
 */
import type { Context, MiddlewareHandler } from "hono";
import type { Grant } from "./access-tokens.ts";
import type { ApiVariables } from "./api.ts";
import { FailureLimit, HttpError } from "./failures.ts";
import { isAmong, type OwnNames } from "./listening.ts";

export interface GateOptions {
  /** The names that are ours. */
  names(): OwnNames;
  /** What a token allows. */
  findGrant(text: string): Promise<Grant | undefined>;
  nowMs(): number;
  /** The address of who asks. */
  clientOf(request: Request): string;
}

const SAFE = ["GET", "HEAD"];
const METHODS = [...SAFE, "POST"];

/** Whatever is asked: the host, the origin, and headers that hold for each answer. */
export function guardBrowsers({ names }: Pick<GateOptions, "names">): MiddlewareHandler<ApiVariables> {
  return async (context, next) => {
    const { req } = context;
    const { hosts, origins } = names();
    if (!isAmong(hosts, req.header("host")?.toLowerCase() ?? ""))
      throw new HttpError(
        421,
        "host",
        "this server does not go by that name",
        "ask for the address that pgrove serve shows",
      );
    if (!METHODS.includes(req.method)) {
      context.header("Allow", METHODS.join(", "));
      throw new HttpError(405, "method", "this server knows GET, HEAD and POST");
    }
    if (!isVisit(req)) requireOwnOrigin(req.header("origin"), req.header("sec-fetch-site"), origins);
    if (!SAFE.includes(req.method)) {
      const type = req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
      if (type !== "application/json") throw new HttpError(415, "content_type", "send application/json");
    }
    await next();
    if (req.method === "HEAD") await context.res.body?.cancel(); // nobody would ever read it, and a stream goes on
    for (const [name, value] of Object.entries(HEADERS)) context.res.headers.set(name, value);
    if (!context.res.headers.has("cache-control")) context.res.headers.set("cache-control", "no-store");
  };
}

const HEADERS = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
};

/** A link on a foreign page may lead to the page, whose frame holds nothing; a terminal in a browser is such a page. */
function isVisit(req: Context["req"]): boolean {
  const navigates = req.header("sec-fetch-mode") === "navigate" && req.header("sec-fetch-dest") === "document";
  return req.method === "GET" && req.path === "/" && navigates && req.header("origin") === undefined;
}

/** What is typed, or clicked in another program, has the site "none"; what is no browser has none at all. */
const OWN_SITES: readonly (string | undefined)[] = [undefined, "none", "same-origin"];

function requireOwnOrigin(origin: string | undefined, site: string | undefined, origins: ReadonlySet<string>): void {
  const isOwn = origin === undefined || isAmong(origins, origin.toLowerCase());
  if (isOwn && OWN_SITES.includes(site)) return;
  throw new HttpError(403, "origin", "requests from other origins are refused");
}

/** Wants a token that counts. */
export function wantToken({ findGrant, nowMs, clientOf }: GateOptions): MiddlewareHandler<ApiVariables> {
  const limit = new FailureLimit(nowMs);
  return async (context, next) => {
    const given = /^Bearer ([\x21-\x7e]{1,200})$/i.exec(context.req.header("authorization") ?? "")?.[1];
    const grant = given === undefined ? undefined : await findGrant(given);
    if (grant === undefined) {
      const wait = limit.note(clientOf(context.req.raw));
      if (wait > 0) {
        context.header("Retry-After", String(wait));
        throw new HttpError(
          429,
          "too_many_failures",
          "too many requests without a token that counts",
          `wait ${wait} s`,
        );
      }
      context.header("WWW-Authenticate", 'Bearer realm="pgrove"');
      throw new HttpError(401, "token", "a token is needed: Authorization: Bearer …", "pgrove serve token create");
    }
    context.set("grant", grant);
    context.set("stillCounts", async () => given !== undefined && (await findGrant(given)) !== undefined);
    await next();
  };
}
