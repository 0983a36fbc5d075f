import { expect, test } from "bun:test";
import { sayPlan } from "../../../page/plan.ts";

const base = { version: 1, dry_run: true };
const replaces = { size_bytes: 7_800_000, sessions: 0, kept: true, drops: [] as object[] };

test("of a removal everything that goes is named with its size, and what stays is not said to go", () => {
  const databases = [{ database: "shop_auth", size_bytes: 7_800_000 }];
  const plan = { ...base, worktree: "auth", databases, schemas: [], containers: ["web"], volumes: [], clusters: [] };
  expect(sayPlan({ ...plan, database_kept: false })).toEqual([
    "the folder of the worktree auth is removed; its dumps stay",
    "the database shop_auth (7.8 MB) is dropped",
    "the container web is removed",
  ]);
  expect(sayPlan({ ...plan, database_kept: true })).toContain("the database shop_auth (7.8 MB) stays");
});

test("of a replacement it is told by what, who is sent away, and whether it is kept", () => {
  const reset = { ...base, database: "shop_auth", from: "main" };
  expect(sayPlan({ ...reset, replaces })).toEqual([
    "the database shop_auth (7.8 MB) is replaced by the data of main as they are now",
    "what is replaced is kept aside until the next time",
  ]);
  const drops = [{ database: "shop_before", size_bytes: 1000 }];
  expect(sayPlan({ ...reset, from: null, replaces: { ...replaces, sessions: 2, kept: false, drops } })).toEqual([
    "the database shop_auth (7.8 MB) is replaced by nothing, then its migrations and seeds",
    "2 sessions in it are ended",
    "what is replaced is NOT kept",
    "what was kept the last time is dropped: shop_before (1.0 kB)",
  ]);
  const dump = { dump: "a.dump", source: "main", created_at: new Date().toISOString(), database: "shop" };
  expect(sayPlan({ ...base, ...dump, replaces: null })).toEqual([
    "the database shop is made new, with the dump a.dump of main, made just now",
  ]);
});

test("of migrations the losses come first, and a missing backup is said", () => {
  const loss = { verb: "drops", what: "column orders.total", count: 12, unit: "values", exact: true };
  const statements = [{ summary: "drops the column orders.total", losses: [loss] }];
  const plan = { ...base, from: "2", to: "3", replaces: { drops: [{ snapshot: "before-1" }] } };
  const migrations = [{ version: "3", name: "prices", statements }];
  expect(sayPlan({ ...plan, migrations, backup: { kind: "snapshot", name: "x" } })).toEqual([
    "the snapshot before-1 is dropped to make room",
    "lost: drops column orders.total (12 values)",
    "3 prices: drops the column orders.total",
    "a snapshot is made before, to go back to",
  ]);
  expect(sayPlan({ ...base, migrations, backup: null, replaces: null })).toContain("there is no backup before");
  expect(sayPlan({ ...base, from: "3", to: "3", migrations: [] })).toEqual(["nothing is pending"]);
});

test("of a prune, a push, a seed and a snapshot it is said what goes, and what is made", () => {
  const removed = [{ name: "a.dump", source: "main", size_bytes: 1000 }];
  expect(sayPlan({ ...base, kept: [{}], removed, ignored: [] })).toEqual([
    "the dump a.dump (1.0 kB) is removed",
    "1 dump stays",
  ]);
  expect(sayPlan({ ...base, kept: [], removed: [], ignored: [] })).toEqual(["nothing is removed", "0 dumps stay"]);
  const dumps = [
    { name: "a.dump", place: "/mnt/a.dump", size_bytes: 1000, was_there: false },
    { name: "b.dump", place: "/mnt/b.dump", size_bytes: 1000, was_there: true },
  ];
  expect(sayPlan({ ...base, dumps })).toEqual(["the dump a.dump (1.0 kB) is put to /mnt/a.dump"]);
  expect(sayPlan({ ...base, dumps: dumps.slice(1) })).toEqual(["nothing to do: everything is there"]);
  const entities = [{ entity: "users", table: "public.users", rows: 1 }];
  expect(sayPlan({ ...base, plan: { seed: 1, entities } })).toEqual(["1 row of users into public.users"]);
  expect(sayPlan({ ...base, snapshot: "s", database: "shop_s", of: "shop", sessions: 0, drops: [] })).toEqual([
    "shop is saved as the snapshot s",
  ]);
});

test("a plan that is not known here is shown with its values", () => {
  expect(sayPlan({ ...base, what: { size_bytes: 1000, empty: null } })).toEqual(["what size bytes: 1.0 kB"]);
});
