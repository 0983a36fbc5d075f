/** What an S3 server's answers mean, by a server that says what it is told to. The real one: test/integration/remote. */
import { afterEach, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { EXIT } from "../../../src/errors.ts";
import { S3Client } from "../../../src/remote/s3-client.ts";
import { openS3 } from "../../../src/remote/s3-remote.ts";
import { systemRunner } from "../../../src/sys/process.ts";

type Answer = () => Response;

let stop: (() => void) | undefined;
afterEach(() => stop?.());

/** A client of a server that gives these answers, the last one from then on; and the requests that came. */
function talk(...answers: Answer[]) {
  const requests: { path: string; headers: Record<string, string> }[] = [];
  const server = Bun.serve({
    ...{ port: 0, hostname: "127.0.0.1" },
    fetch: (request) => {
      const answer = answers[Math.min(requests.length, answers.length - 1)];
      requests.push({ path: new URL(request.url).pathname, headers: Object.fromEntries(request.headers) });
      return answer?.() ?? new Response();
    },
  });
  stop = () => void server.stop(true);
  const at = `http://127.0.0.1:${server.port}`;
  return { client: clientOf(at), requests, at };
}

const notes: string[] = [];
function clientOf(endpoint: string): S3Client {
  const keys = { accessKeyId: "key", secretAccessKey: "secret" };
  const tools = { abort: new AbortController().signal, runner: systemRunner, clock: { now: () => new Date() } };
  const note = (text: string) => void notes.push(text);
  return new S3Client({ endpoint, region: "r", bucket: "b", keys }, { ...tools, note });
}

const says =
  (status: number, code: string, headers = {}) =>
  () =>
    new Response(`<Error><Code>${code}</Code><Message>of it &amp; more</Message></Error>`, { status, headers });
const fine = () => new Response("fine");

test.each([
  [403, "SignatureDoesNotMatch", "remote_denied", EXIT.missing, /AWS_SECRET_ACCESS_KEY/],
  [403, "InvalidAccessKeyId", "remote_denied", EXIT.missing, /AWS_ACCESS_KEY_ID/],
  [403, "AccessDenied", "remote_denied", EXIT.missing, /rights/],
  [404, "NoSuchBucket", "remote_missing", EXIT.missing, /bucket/],
  [301, "PermanentRedirect", "remote_missing", EXIT.missing, /region/],
  [403, "QuotaExceeded", "remote_full", EXIT.failed, /prune/],
  [507, "InsufficientStorage", "remote_full", EXIT.failed, /prune/],
  [400, "InvalidRequest", "remote_failed", EXIT.failed, /./],
])("%i %s is %s, and asked once", async (status, said, code, exit, hint) => {
  const { client, requests } = talk(says(status, said));
  const error = await client.ask({ method: "GET", key: "k" }).catch((each: unknown) => each);
  expect(error).toMatchObject({ code, exit, message: expect.stringContaining("s3://b") });
  expect(Reflect.get(Object(error), "hint")).toMatch(hint);
  expect(requests).toHaveLength(1);
});

test("the server's own path stands before the bucket, as storage behind a gateway has it", async () => {
  const { client, requests, at } = talk(fine);
  await client.ask({ method: "GET", key: "k" });
  for (const end of ["", "/"]) await clientOf(`${at}/storage/s3${end}`).ask({ method: "GET", key: "a b/k" });
  expect(requests.map(({ path }) => path)).toEqual(["/b/k", "/storage/s3/b/a%20b/k", "/storage/s3/b/a%20b/k"]);
});

test("a page to log in, with which a gateway answers everything, is no empty bucket", async () => {
  const { at } = talk(() => new Response("<html>log in</html>"));
  const remote = await openBucket(at);
  await expect(remote.list()).rejects.toMatchObject({ code: "remote_failed", exit: EXIT.failed });
});

const openBucket = (endpoint: string) => {
  const environment = { AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret" };
  const tools = { abort: new AbortController().signal, runner: systemRunner, clock: { now: () => new Date() } };
  const spot = { project: "shop", environment, home: "/none" };
  return openS3({ endpoint, bucket: "b" }, spot, { ...tools, note: () => undefined });
};

const lists = (keys: readonly string[], rest = "") => {
  const contents = keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`).join("");
  return () => new Response(`<ListBucketResult>${rest}${contents}</ListBucketResult>`);
};
const more = (token: string) =>
  `<IsTruncated>true</IsTruncated>${token && `<NextContinuationToken>${token}</NextContinuationToken>`}`;

test("a list goes on to its end, page by page", async () => {
  const pages = Array.from({ length: 3 }, (_, page) =>
    Array.from({ length: 1000 }, (__, at) => `shop/here/main-${page}-${at}.dump`),
  );
  const answers = pages.map((keys, page) => lists(keys, page < 2 ? more(`page ${page}`) : ""));
  const remote = await openBucket(talk(...answers).at);
  expect((await remote.list()).map(({ name }) => `shop/${name}`)).toEqual(pages.flat());
});

test.each([
  ["says that there is more, and not where", ""],
  ["goes round in a circle", "the same"],
])("a list that %s is none: what it leaves out is not gone", async (_, token) => {
  const remote = await openBucket(talk(lists(["shop/here/a.dump"], more(token))).at);
  await expect(remote.list()).rejects.toMatchObject({ code: "remote_failed", exit: EXIT.failed });
});

test("names are decoded where the server has encoded them, and what lies elsewhere is left out", async () => {
  const names = async (keys: readonly string[], rest?: string) =>
    (await (await openBucket(talk(lists(keys, rest)).at)).list()).map(({ name }) => name);
  expect(await names(["shop/h/100%.dump", "shop/h/a+b.dump", "other/h/x.dump"])).toEqual(["h/100%.dump", "h/a+b.dump"]);
  stop?.();
  const encoded = "<EncodingType>url</EncodingType>";
  expect(await names(["shop/h/100%25.dump", "shop/h/a+b.dump"], encoded)).toEqual(["h/100%.dump", "h/a b.dump"]);
});

test("an overloaded server is asked again, what it expects is signed each time", async () => {
  const { client, requests } = talk(says(503, "SlowDown"), says(500, "InternalError"), fine);
  expect((await client.ask({ method: "PUT", key: "a b/ü", body: "text" })).text).toBe("fine");
  expect(requests.map(({ path }) => path)).toEqual(Array(3).fill("/b/a%20b/%C3%BC"));
  const headers = requests[0]?.headers ?? {};
  expect(headers["content-md5"]).toBe(new Bun.CryptoHasher("md5").update("text").digest("base64"));
  expect(headers.authorization).toMatch(/SignedHeaders=[^,]*content-md5/);
  expect(JSON.stringify(headers)).not.toContain("secret");
});

test("a server without conditions is looked at before something is made there", async () => {
  const lacking = talk(says(501, "NotImplemented"), says(404, "NoSuchKey"), fine);
  expect((await lacking.client.create({ method: "PUT", key: "k", body: "x" })).status).toBe(200);
  expect(lacking.requests.map(({ headers }) => headers["if-none-match"])).toEqual(["*", undefined, undefined]);
  stop?.();
  const taken = talk(says(501, "NotImplemented"), fine);
  expect((await taken.client.create({ method: "PUT", key: "k", body: "x" })).status).toBe(412);
});

test("an answer that is expected is none to complain of", async () => {
  const { client } = talk(says(404, "NoSuchKey"));
  expect((await client.ask({ method: "HEAD", key: "k", expects: [404] })).status).toBe(404);
});

test("the server's clock is used where it does not take ours, and that is said", async () => {
  const theirs = new Date(Date.now() - 3_600_000);
  const skewed = says(403, "RequestTimeTooSkewed", { date: theirs.toUTCString() });
  const { client, requests } = talk(skewed, fine, fine);
  await client.ask({ method: "GET", key: "k" });
  expect(notes.at(-1)).toContain("60 min ahead of");
  const signed = requests[1]?.headers["x-amz-date"] ?? "";
  expect(signed.slice(0, 11)).toBe(theirs.toISOString().replace(/[:-]/g, "").slice(0, 11));
  const stubborn = talk(skewed);
  await expect(stubborn.client.ask({ method: "GET" })).rejects.toMatchObject({ code: "remote_denied" });
});

test("a connection that ends without an answer is tried again", async () => {
  let times = 0;
  const server: Server = createServer((socket) => {
    socket.once("data", () => {
      if (times++ < 2) return void socket.resetAndDestroy();
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nfine");
    });
    socket.on("error", () => undefined);
  });
  const { promise, resolve } = Promise.withResolvers<number>();
  server.listen(0, "127.0.0.1", () => resolve(Reflect.get(Object(server.address()), "port")));
  stop = () => void server.close();
  const client = clientOf(`http://127.0.0.1:${await promise}`);
  expect((await client.ask({ method: "PUT", key: "k", body: "x" })).text).toBe("fine");
});
