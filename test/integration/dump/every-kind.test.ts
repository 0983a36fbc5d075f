import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { DumpRequest } from "../../../src/dump/dump.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import {
  type Bench,
  createEveryKind,
  dump,
  fingerprint,
  makeBench,
  openLive,
  pathOf,
  restore,
  uniqueName,
} from "../../support/database.ts";
import { type Major, majors } from "../../support/engine/images.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";

/** Every kind that `catalog.sql` describes: a fixture that lost one of them would prove less. */
const KINDS = [
  ...["cast", "collation", "column", "constraint", "default privileges", "event trigger", "extension", "foreign"],
  ...["function", "index", "large object", "operator", "policy", "publication", "relation", "rows", "rule", "schema"],
  ...["sequence", "statistics", "text search", "trigger", "type"],
];

interface Variant {
  name: string;
  dump: Partial<DumpRequest>;
  jobs: number;
  extension: RegExp;
  on: readonly Major[];
}

/** A format is one of pg_dump's on every version, and its streams are ours. */
const inTurn = (format: string) => takingTurns([15, 17, 18], `${import.meta.path}/${format}`);

const variants: Variant[] = [
  { name: "custom", dump: {}, jobs: 1, extension: /\.dump$/, on: majors },
  { name: "custom, lz4, loaded by two", dump: { codec: { name: "lz4" } }, jobs: 2, extension: /\.dump$/, on: [17] },
  { name: "sql", dump: { format: "sql", codec: { name: "none" } }, jobs: 1, extension: /\.sql$/, on: inTurn("sql") },
  {
    name: "sql.gz",
    dump: { format: "sql", codec: { name: "gzip" } },
    jobs: 1,
    extension: /\.sql\.gz$/,
    on: inTurn("gz"),
  },
  { name: "sql.zst", dump: { format: "sql" }, jobs: 1, extension: /\.sql\.zst$/, on: [17, 18] },
  { name: "directory", dump: { format: "directory" }, jobs: 1, extension: /\.tar$/, on: [15] },
  {
    ...{ name: "directory by two", dump: { format: "directory", jobs: 2, codec: { name: "gzip", level: 6 } } },
    ...{ jobs: 2, extension: /\.tar$/, on: inTurn("directory") },
  },
];

describe.each([...majors])("every kind of object, PostgreSQL %d", (major) => {
  const database = uniqueName("every");
  let server: TestServer;
  let bench: Bench;
  let live: LiveTarget;
  let before: string[];

  beforeAll(async () => {
    server = await sharedServer(major);
    bench = await makeBench();
    await createEveryKind(server, database);
    live = await openLive(server, database, bench);
    before = await fingerprint(server, database);
  });
  afterAll(() => bench.remove());

  test("the fixture holds every kind, and its rows and definitions are seen", async () => {
    expect([...new Set(before.map((line) => JSON.parse(line)[0]))]).toEqual(KINDS);
    await server.psql(database, "begin; update app.child set note = 'other' where id = 30; commit");
    const changed = await fingerprint(server, database);
    expect(changed.filter((line) => !before.includes(line)).map((line) => JSON.parse(line)[1])).toEqual(["app.child"]);
    await server.psql(database, "update app.child set note = '' where id = 30");
    expect(await fingerprint(server, database)).toEqual(before);
  });

  test.each(variants.filter(({ on }) => on.includes(major)))("comes back equal: $name", async (variant) => {
    const result = await dump(bench, live, variant.dump);
    expect(pathOf(result)).toMatch(variant.extension);
    const restored = uniqueName("back");
    const answer = await restore(bench, live, pathOf(result), { intoNew: restored, jobs: variant.jobs });
    expect(answer.database).toBe(restored);
    expect(answer.comparison?.doubts).toEqual([]);
    expect(await fingerprint(server, restored)).toEqual(before);
  });

  test("comes back equal over a target that has lost and changed things", async () => {
    const path = pathOf(await dump(bench, live));
    await server.psql(
      database,
      `truncate app.counted; drop view app.grown; insert into app.log values (2, 'late');
      select nextval('app.odd_steps'); select lo_unlink(4243); alter table app.secured disable row level security`,
    );
    expect(await fingerprint(server, database)).not.toEqual(before);
    const { previous } = await restore(bench, live, path);
    expect(previous).toBe(`${database}_before_restore`);
    expect(await fingerprint(server, database)).toEqual(before);
  });
});
