import { describe, expect, test } from "bun:test";
import { findGoneTarget, identityOf } from "../../../src/monitor/rules/target-identity.ts";
import { parseConnectionUrl } from "../../../src/postgres/url.ts";
import type { WorktreeRow } from "../../../src/repo/registry.ts";
import type { Target } from "../../../src/resolve/target.ts";

const row = (id: string, isolation: WorktreeRow["isolation"]): WorktreeRow => ({
  ...{ id, name: "feature", path: "/f", index: 1, isolation, database: "shop_feature", ports: {} },
  ...{ data: { kind: "empty" }, state: "ready", setup: "done", createdAt: "2026-01-15T14:30:22.000Z" },
});

const url = (text: string, more: Partial<Target> = {}): Target => {
  const connection = parseConnectionUrl(text);
  const { database, host, port } = connection;
  const label = `${database} on ${host}:${port}`;
  return { server: { kind: "url", connection }, login: {}, label, name: database, protected: false, ...more };
};
const here = url("postgres://a:secret@localhost:5432/shop");

describe("two targets are remembered apart", () => {
  const { connection } = here.server as Extract<Target["server"], { kind: "url" }>;
  const apart: readonly (readonly [string, Target, Target])[] = [
    ["URLs of two servers to databases of one name", here, url("postgres://db.example/shop")],
    ["two ports", here, url("postgres://localhost:5433/shop")],
    ["two databases", here, url("postgres://localhost:5432/other")],
    ["main, and a database that is called so", { ...here, label: "main" }, url("postgres://localhost/main")],
    [
      "environments of one name with a worktree",
      { ...here, environment: "feature" },
      { ...here, worktree: row("1", "database") },
    ],
    ["two environments of one database", { ...here, environment: "a" }, { ...here, environment: "b" }],
    [
      "a worktree that was made anew",
      { ...here, worktree: row("1", "database") },
      { ...here, worktree: row("2", "database") },
    ],
    [
      "two servers of pgrove.yaml's by URL",
      { ...here, dialled: connection },
      { ...here, dialled: { ...connection, port: 1 } },
    ],
  ];
  test.each(apart)("%s", (_, one, other) => {
    expect(identityOf(one, "target")).not.toBe(identityOf(other, "target"));
  });
});

describe("one target is remembered as one", () => {
  const container: Target = {
    ...{ ...here, server: { kind: "container", container: "db" }, login: { database: "shop", user: "a" } },
    dialled: { host: "localhost", port: 5432 },
  };
  const same: readonly (readonly [string, Target])[] = [
    ["under another login", url("postgres://b@localhost:5432/shop")],
    ["its address written in another way", url("postgres://127.0.0.1/shop")],
    ["while it is known as a container's", container],
  ];
  test.each(same)("%s", (_, other) => {
    expect(identityOf(other, "target")).toBe(identityOf(here, "target"));
  });
  test("no address and no password stands in it", () => {
    expect(identityOf(url("postgres://a:secret@db.example/shop"), "target")).not.toMatch(/secret|example|shop/);
  });
});

describe("what several targets share is remembered once", () => {
  const main: Target = { ...here, label: "main", name: "main" };
  test("the repository's, of whichever target it was measured", () => {
    const all = [main, here, { ...here, worktree: row("1", "container") }].map((each) => identityOf(each, "store"));
    expect(new Set(all).size).toBe(1);
    expect(identityOf(main, "repository")).toBe(all[0] ?? "");
  });
  test("main's server, but not a worktree's own", () => {
    const of = (isolation: WorktreeRow["isolation"]) =>
      identityOf({ ...main, worktree: row("1", isolation) }, "server");
    expect([of("database"), of("schema")]).toEqual([identityOf(main, "server"), identityOf(main, "server")]);
    expect(of("container")).toBe(identityOf({ ...main, worktree: row("1", "container") }, "target"));
  });
  test("a server's two databases, by URL", () => {
    expect(identityOf(here, "server")).toBe(identityOf(url("postgres://localhost/other"), "server"));
    expect(identityOf(here, "server")).not.toBe(identityOf(url("postgres://localhost:9/shop"), "server"));
  });
});

describe("a target is gone", () => {
  const worktree = identityOf({ ...here, worktree: { ...row("1", "database"), name: "a b" } }, "target");
  const environment = identityOf({ ...here, environment: "my staging" }, "target");
  const known = { worktrees: new Set(["2"]), environments: new Set(["production"]) };
  test("where it is none of those that are known; by its name", () => {
    expect(findGoneTarget(worktree, known)?.name).toBe("a b");
    expect(findGoneTarget(environment, known)?.name).toBe("my staging");
  });
  test("not where it is one, where that cannot be seen, or where nobody could know", () => {
    const there = { worktrees: new Set(["1"]), environments: new Set(["my staging"]) };
    const unseen = { worktrees: undefined, environments: undefined };
    for (const each of [there, unseen]) {
      expect([findGoneTarget(worktree, each), findGoneTarget(environment, each)]).toEqual([undefined, undefined]);
    }
    const others = ["target", "server", "repository"] as const;
    expect(others.map((scope) => findGoneTarget(identityOf(here, scope), known))).toEqual(others.map(() => undefined));
  });
});
