import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { EXIT } from "../../../src/errors.ts";
import { isSecret, makeSecret } from "../../../src/serve/access-tokens.ts";
import { streamEvents } from "../../../src/serve/event-stream.ts";
import { FailureLimit, failureOf, statusOf } from "../../../src/serve/failures.ts";
import { guardBrowsers } from "../../../src/serve/gate.ts";
import { policyOf } from "../../../src/serve/page.ts";

describe("the limit of failures", () => {
  test("counts each client by itself, and begins anew after a minute", () => {
    let now = 0;
    const limit = new FailureLimit(() => now);
    const first = Array.from({ length: 25 }, () => limit.note("a"));
    expect(first.slice(0, 20)).toEqual(Array(20).fill(0));
    expect(first.slice(20)).toEqual(Array(5).fill(60));
    expect(limit.note("b")).toBe(0);
    now = 60_000;
    expect(limit.note("a")).toBe(0);
  });

  test("forgets the oldest of very many clients", () => {
    const limit = new FailureLimit(() => 0);
    for (let i = 0; i < 21; i++) limit.note("first");
    for (let i = 0; i < 1_000; i++) limit.note(`client ${i}`);
    expect(limit.note("first")).toBe(0);
  });
});

test("what is thrown by mistake is not told in its own words", () => {
  const { status, error } = failureOf(new Error("password=canary"));
  expect([status, JSON.stringify(error).includes("canary")]).toEqual([500, false]);
});

test.each([
  [EXIT.usage, "usage", 400],
  [EXIT.missing, "worktree_missing", 404],
  [EXIT.missing, "server_down", 503],
  [EXIT.refused, "busy", 409],
  [EXIT.failed, "sql_failed", 500],
  [undefined, "failed", 500],
])("exit %p with %s is %i", (exit, code, status) => {
  expect(statusOf(exit, { code, message: "", hint: null })).toBe(status as never);
});

test("a stream ends when its token counts no more", async () => {
  let counts = true;
  let hasStopped = false;
  const signal = new AbortController().signal;
  const reader = { left: signal, ending: signal, stillCounts: async () => counts, beatEveryMs: 1 };
  const { body } = streamEvents(reader, () => () => {
    hasStopped = true;
  });
  counts = false;
  await new Response(body).text(); // would go on for ever
  expect(hasStopped).toBe(true);
});

test("a reader that takes nothing is cut off before much waits for it", async () => {
  const ending = new AbortController().signal;
  let [sent, isCut] = [0, false];
  streamEvents({ left: ending, ending, stillCounts: async () => true }, (send) => {
    queueMicrotask(() => {
      for (; !isCut && sent < 1000; sent++) send("job", "x".repeat(100_000));
    });
    return () => {
      isCut = true;
    };
  });
  await new Promise(setImmediate);
  expect(isCut).toBe(true);
  expect(sent).toBeLessThan(20);
});

test("a reader that leaves while it is asked whether they may stay is not written to", async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<boolean>();
  const signal = new AbortController().signal;
  const stillCounts = () => {
    asked.resolve();
    return answer.promise;
  };
  const { body } = streamEvents({ left: signal, ending: signal, stillCounts, beatEveryMs: 1 }, () => () => undefined);
  await asked.promise;
  await body?.cancel();
  const failures: unknown[] = [];
  const keep = (error: unknown) => failures.push(error);
  process.on("unhandledRejection", keep);
  try {
    answer.resolve(true);
    await new Promise(setImmediate); // what the answer leads to
  } finally {
    process.off("unhandledRejection", keep);
  }
  expect(failures).toEqual([]);
});

test("who asks for the head alone leaves no stream behind", async () => {
  let isCancelled = false;
  const app = new Hono();
  app.use("*", guardBrowsers({ names: () => ({ hosts: new Set(["own:1"]), origins: new Set() }) }));
  const cancel = () => {
    isCancelled = true;
  };
  app.get("/", () => new Response(new ReadableStream({ cancel })));
  expect((await app.request("/", { method: "HEAD", headers: { host: "own:1" } })).status).toBe(200);
  expect(isCancelled).toBe(true);
});

test("a token is only itself", () => {
  const { text, hash } = makeSecret();
  expect(isSecret(text, hash)).toBe(true);
  expect(isSecret(`${text}a`, hash)).toBe(false);
  expect(makeSecret().text).not.toBe(text);
});

test("the policy names the hashes of the page's own script and style", () => {
  const policy = policyOf('<style>a{}</style><script type="module">1</script>');
  expect(policy).toContain("script-src 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='");
  expect(policy).toMatch(/style-src 'sha256-[A-Za-z0-9+/]{43}='/);
  expect(policy).toContain("default-src 'none'");
});
