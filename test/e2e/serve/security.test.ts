/** Who gets into the compiled program's API, and what never gets out of it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, copyFile, mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { waitFor } from "../../support/engine/run.ts";
import { makeProject } from "../../support/serve/project.ts";
import { Served, WAIT_MS } from "../../support/serve/served.ts";
import type { Grove } from "../../support/worktrees/grove.ts";

let grove: Grove;
let served: Served;

beforeAll(async () => {
  grove = await makeProject(import.meta.path);
  served = await Served.start(grove.repo);
});

afterAll(async () => {
  await served?.[Symbol.asyncDispose]();
  await grove?.[Symbol.asyncDispose]();
});

async function makeToken(...args: string[]): Promise<{ token: string; id: string }> {
  return JSON.parse(await grove.ok(["serve", "token", "create", "--json", ...args]));
}

/** Sends the bytes of a request as they are; resolves with what is answered. */
async function raw(request: string): Promise<string> {
  const { port } = new URL(served.url);
  return await new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(Number(port), "127.0.0.1", () => socket.write(request));
    socket.on("data", (chunk) => (answer += chunk.toString()));
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

describe("tokens", () => {
  test("none, a wrong one, an expired one, a revoked one, and another repository's do not count", async () => {
    const expired = await makeToken("--scope", "admin", "--expires", "1ms");
    const revoked = await makeToken("--scope", "admin");
    expect((await served.ask("/api/v1/jobs", { token: revoked.token })).status).toBe(200);
    await grove.ok(["serve", "token", "revoke", revoked.id]);
    const tokens = ["", "wrong", expired.token, revoked.token, served.token.replace(/.$/, "!"), `${served.token}x`];
    for (const token of tokens) {
      const { status, json } = await served.ask("/api/v1/jobs", { token });
      expect([token.slice(0, 4), status, json]).toMatchObject([token.slice(0, 4), 401, { error: { code: "token" } }]);
    }
    const file = join(grove.repo.home, "state/pgrove/tokens.json");
    const text = await Bun.file(file).text();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(text).not.toContain(expired.token);
    const kept = await makeToken();
    await writeFile(file, (await Bun.file(file).text()).replaceAll(grove.repo.folder, "/elsewhere"));
    expect((await served.ask("/api/v1/jobs", { token: kept.token })).status).toBe(401);
  });

  test("a list of tokens that others may write is not believed", async () => {
    const { token } = await makeToken();
    const file = join(grove.repo.home, "state/pgrove/tokens.json");
    await chmod(file, 0o666);
    expect((await served.ask("/api/v1/jobs", { token })).status).toBe(422);
    await chmod(file, 0o600);
    expect((await served.ask("/api/v1/jobs", { token })).status).toBe(200);
  });

  test("a scope allows what it says, and a token for one target nothing of another", async () => {
    const reader = await makeToken("--scope", "read");
    const writer = await makeToken("--scope", "write", "--target", "main");
    await served.get("/api/v1/dumps", 200, reader.token);
    await served.post("/api/v1/targets/main/dumps", {}, 403, reader.token);
    await served.post("/api/v1/targets/main/reset", { dry_run: true }, 403, writer.token);
    await served.get("/api/v1/targets/@production/status", 403, writer.token);
    await served.post("/api/v1/targets/@production/dumps", {}, 403, writer.token);
    await served.post("/api/v1/retention", { dry_run: true }, 403, writer.token);
    const { targets } = await served.get("/api/v1/targets", 200, writer.token);
    expect((targets as { name: string }[]).map(({ name }) => name)).toEqual(["main"]);
    const ofEnvironment = await makeToken("--scope", "write", "--target", "@production");
    await served.work("/api/v1/targets/@production/dumps", {}, ofEnvironment.token);
    const seen = async (path: string, key: string) =>
      ((await served.get(path, 200, ofEnvironment.token))[key] as Record<string, string>[]).map(
        ({ source, target }) => source ?? target,
      );
    expect(await seen("/api/v1/dumps", "dumps")).toEqual(["production"]);
    expect(new Set(await seen("/api/v1/history", "history"))).toEqual(new Set(["production (.env.production)"]));
    expect(new Set(await seen("/api/v1/checks?target=@production", "rules"))).toEqual(new Set(["production"]));
    await served.get("/api/v1/checks?target=main", 403, ofEnvironment.token);
    // Nor by way of what is put in its place.
    const other = await makeToken("--scope", "admin", "--target", "other");
    const { answer } = await served.work("/api/v1/targets/main/dumps", {});
    const dump = String(answer?.path).split("/").at(-1);
    await served.post("/api/v1/targets/other/copy", { source: "main", dry_run: true }, 403, other.token);
    await served.post("/api/v1/targets/other/restore", { dump, dry_run: true }, 403, other.token);
    await served.post("/api/v1/worktrees", { branch: "other", copy: "@production" }, 403, other.token);
    await served.post("/api/v1/worktrees", { branch: "other", restore: dump }, 403, other.token);
  });

  test("nor what its database is made of unless it is told otherwise, nor what tells of all", async () => {
    await served.work("/api/v1/worktrees", { branch: "ours" });
    const ours = await makeToken("--scope", "admin", "--target", "ours,free");
    const both = await makeToken("--scope", "admin", "--target", "ours,free,main");
    const [reset, worktrees] = ["/api/v1/targets/ours/reset", "/api/v1/worktrees"];
    await served.post(reset, { confirm: "ours" }, 403, ours.token);
    await served.post(reset, { dry_run: true }, 200, both.token);
    await served.post(worktrees, { branch: "free" }, 403, ours.token);
    await served.post(worktrees, { branch: "free", dry_run: true }, 200, both.token);
    await served.post(worktrees, { branch: "free", empty: true, dry_run: true }, 200, ours.token);
    // The name is taken, and the branch is free: the worktree would get another name.
    await grove.git(["switch", "-q", "--detach"], grove.at("ours"));
    await served.post(worktrees, { branch: "ours", empty: true }, 403, ours.token);
    await served.get("/api/v1/doctor", 403, ours.token);
    await served.get("/api/v1/doctor");
  });

  test("who fails too often has to wait; who has a token does not", async () => {
    const answers = [];
    for (let i = 0; i < 30; i++) answers.push((await served.ask("/api/v1/jobs", { token: "wrong" })).status);
    expect(answers.at(-1)).toBe(429);
    expect((await served.ask("/api/v1/jobs")).status).toBe(200);
  });
});

describe("browsers", () => {
  test.each([
    ["another host", { host: "evil.example" }, 421],
    ["another port", { host: "127.0.0.1:1" }, 421],
    ["another origin", { origin: "https://evil.example" }, 403],
    ["a sandboxed page", { origin: "null" }, 403],
    ["a page of the same name that is not encrypted as this one", { origin: "https://HOST" }, 403],
    ["no origin at all", { origin: "" }, 403],
    ["a foreign page's image", { "sec-fetch-site": "cross-site" }, 403],
    ["a site that is not known", { "sec-fetch-site": "Cross-Site" }, 403],
  ])("%s is refused", async (_name, { origin, ...rest }: Record<string, string>, status) => {
    const own = origin === undefined ? {} : { origin: origin.replace("HOST", new URL(served.url).host) };
    expect((await served.ask("/api/v1/jobs", { headers: { ...rest, ...own } })).status).toBe(status);
  });

  test("a link on another page leads to the page, and to nothing else", async () => {
    const headers = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
    const answers = await Promise.all(["/", "/api/v1/jobs", "/metrics"].map((path) => served.ask(path, { headers })));
    expect(answers.map(({ status }) => status)).toEqual([200, 403, 403]);
    expect((await served.ask("/", { headers: { ...headers, "sec-fetch-dest": "iframe" } })).status).toBe(403);
  });

  test("a form of another page cannot post: only JSON is taken, and no cookie is ever set", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      const init = { method: "POST", body: "{}", headers: { "content-type": type } };
      expect((await served.ask("/api/v1/targets/main/dumps", init)).status).toBe(415);
    }
    const page = await served.ask("/", { token: "" });
    expect(page.headers.get("set-cookie")).toBeNull();
    expect(page.headers.get("access-control-allow-origin")).toBeNull();
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe");
    expect(page.text.match(/(?:src|href)="(?!data:|#)[^"]*"/g)).toBeNull();
  });
});

describe("input", () => {
  test("a body of 10 MB is refused, and the server goes on", async () => {
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: "x".repeat(10_000_000) };
    const status = await served.ask("/api/v1/targets/main/dumps", init).then(
      (reply) => reply.status,
      () => 413,
    );
    expect(status).toBe(413);
    expect((await served.ask("/api/v1/jobs")).status).toBe(200);
  });

  test.each(["{bad", "", "[]", "null", "5"])("a body that is no object is refused: %p", async (body) => {
    const init = { method: "POST", headers: { "content-type": "application/json" }, body };
    const { status, json } = await served.ask("/api/v1/targets/main/dumps", init);
    expect([status, json]).toMatchObject([400, { error: { code: "invalid" } }]);
  });

  test("what is neither GET nor POST is refused with what there is", async () => {
    for (const method of ["PUT", "DELETE", "OPTIONS"]) {
      const { status, headers } = await served.ask("/api/v1/worktrees", { method });
      expect([status, headers.get("allow")]).toEqual([405, "GET, HEAD, POST"]);
    }
  });

  test.each([
    ["/api/v1/targets/--help/status", 400],
    ["/api/v1/targets/-C/status", 400],
    ["/api/v1/targets/postgres%3A%2F%2Fevil.example%2Fx/status", 400],
    ["/api/v1/targets/host%3Devil.example%20dbname%3Dx/status", 400],
    ["/api/v1/targets/dbname%3Dpostgres/stats", 400],
    ["/api/v1/targets/jdbc:postgresql:x/status", 400],
    ["/api/v1/targets/postgres:evil.example/status", 400],
    ["/api/v1/checks?target=host%3Devil.example", 400],
    ["/api/v1/targets/a%00b/status", 400],
    ["/api/v1/dumps/..%2F..%2Fpgrove.yaml", 400],
    ["/api/v1/dumps/..%2f", 400],
    ["/api/v1/dumps/pgrove.yaml", 404],
    ["/api/v1/dumps/~", 404],
    ["/api/v1/dumps/.git", 404],
    ["/api/v1/targets/main/rows?table=a%22%3B%20drop%20table%20canary%3B%20--", 500],
    ["/api/v1/jobs/__proto__", 400],
    ["/api/v1/history?limit=-1", 400],
    ["/api/v1/history?limit=1&x=--all", 400],
    ["/..%2f..%2fetc/passwd", 404],
  ])("%s is answered with %i", async (path, status) => {
    const reply = await served.ask(path);
    expect([reply.status, typeof reply.json?.error]).toEqual([status, "object"]);
    expect(await grove.ask(grove.project, "select to_regclass('canary')::text")).toBe("canary");
  });

  test("a file of the repository is no dump of the store, by whatever its name is like one", async () => {
    await served.work("/api/v1/targets/main/dumps", {});
    const [stored = ""] = grove.repo.stored();
    const name = "main-20300101-000000.dump";
    await copyFile(join(grove.repo.store, stored), join(grove.repo.folder, name));
    await served.post("/api/v1/targets/main/restore", { dump: name, dry_run: true }, 404);
    await served.post("/api/v1/worktrees", { branch: "foreign", restore: name, dry_run: true }, 404);
    for (const verb of ["verify", "pin", "unpin"]) await served.post(`/api/v1/dumps/${name}/${verb}`, {}, 404);
    await served.post("/api/v1/targets/main/restore", { dump: stored, dry_run: true }, 200);
    expect(await readdir(grove.repo.folder)).not.toContain(`${name}.proof.json`);
  });

  test("what was sent is not repeated in the answer, and a header cannot be broken into two", async () => {
    const body = JSON.stringify({ branch: 5, "<img src=x onerror=alert(1)>": 1 });
    const headers = { "content-type": "application/json" };
    const { status, text } = await served.ask("/api/v1/worktrees", { method: "POST", body, headers });
    expect([status, text.includes("alert(1)>")]).toEqual([400, false]);
    const host = new URL(served.url).host;
    const answer = await raw(
      `GET /api/v1/targets/x%0d%0aSet-Cookie:%20a=b/status HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${served.token}\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).not.toMatch(/^set-cookie/im);
    expect(await raw("GET /api/v1/jobs HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n")).toMatch(
      / 4\d\d /,
    );
  });
});

test("beyond loopback it wants tokens that were made, and encryption or a proxy", async () => {
  await grove.repo.run(["serve", "token", "list"]);
  const listen = ["serve", "--listen", "0.0.0.0:0"];
  const home = { XDG_STATE_HOME: grove.repo.path("other-state") };
  expect(await grove.fails(5, listen, { env: home })).toContain("there is no token");
  await grove.ok(["serve", "token", "create"], { env: home });
  expect(await grove.fails(5, listen, { env: home })).toContain("--tls-cert");
  const args = ["--listen=0.0.0.0:0", "--behind-proxy", "https://db.example.org"];
  await using open = await Served.start(grove.repo, args, home);
  expect(open.token).toBe("");
  const { port } = new URL(open.url);
  const ask = async (host: string) =>
    (await fetch(`http://127.0.0.1:${port}/api/v1/jobs`, { headers: { host } })).status;
  expect([await ask("db.example.org"), await ask(`127.0.0.1:${port}`)]).toEqual([401, 421]);
});

test("the browser is shown the token by way of a file of our own: the words of a command are there for all to read", async () => {
  const [bin, words] = [grove.repo.path("bin"), grove.repo.path("words")];
  await mkdir(bin);
  await writeFile(join(bin, "xdg-open"), `#!/bin/sh\necho "$*" > ${words}.new && mv ${words}.new ${words}\n`, {
    mode: 0o755,
  });
  const open = await Served.start(grove.repo, ["--open"], { PATH: `${bin}:${process.env.PATH}` });
  await waitFor("the browser", WAIT_MS, () => Bun.file(words).exists());
  const word = (await Bun.file(words).text()).trim();
  expect(word).not.toContain(open.token);
  expect(await Bun.file(fileURLToPath(word)).text()).toContain(open.page);
  expect((await stat(fileURLToPath(word))).mode & 0o777).toBe(0o600);
  await open.end();
  expect(await Bun.file(fileURLToPath(word)).exists()).toBe(false);
});

test("an address that another server has is not shared with it", async () => {
  expect(await grove.fails(4, ["serve", `--listen=${new URL(served.url).host}`])).toContain("somebody else has it");
});

test("in a worktree that was removed it says what is gone, and ends as always", async () => {
  await grove.make("left", "--empty");
  const listen = { folder: grove.at("left"), environment: () => grove.repo.environment() };
  const there = await Served.start(listen);
  await there.get("/api/v1/targets/left/status");
  await grove.ok(["remove", "left", "--yes"]);
  const { error } = await there.get("/api/v1/worktrees", 503);
  expect(error).toMatchObject({ code: "folder_gone", message: expect.stringContaining(grove.at("left")) });
  await there.get("/api/v1/jobs");
  expect(await there.end()).toBe(0);
});

test("TERM ends a running job in order, then the server; nothing is left", async () => {
  const other = await Served.start(grove.repo);
  const { job } = (await other.post("/api/v1/targets/main/dumps", { prove: true })) as { job: { id: string } };
  expect((await other.job(job.id)).state).toBe("running");
  expect(await other.end()).toBe(0);
  expect(grove.repo.openRuns()).toEqual([]);
  expect(grove.repo.stored().filter((name) => name.endsWith(".tmp"))).toEqual([]);
});
