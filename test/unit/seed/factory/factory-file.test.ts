import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PgroveError } from "../../../../src/errors.ts";
import type { Factories } from "../../../../src/seed/factory/factory.ts";
import { loadFactories } from "../../../../src/seed/factory/factory-file.ts";

const today = new Date("2026-03-04T15:16:17Z");
let root: string;
let count = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pgrove-factories-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function load(files: Readonly<Record<string, string>>): Promise<Factories> {
  const dir = join(root, String(count++), "seeds");
  await mkdir(dir, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  return await loadFactories(dir, { today });
}

async function mistakesOf(files: Readonly<Record<string, string>>): Promise<string[]> {
  const error = await load(files).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PgroveError)) throw error ?? new Error("nothing was wrong");
  expect(error.exit).toBe(3);
  return error.message.split("\n").map((line) => line.trim());
}

const field = (written: string) => ({ "a.yaml": `entities:\n  users:\n    fields:\n      x: ${written}\n` });
const specOf = async (written: string) => (await load(field(written))).entities.get("users")?.fields.get("x");

describe("how a field is written", () => {
  test.each([
    ["hostname", { kind: "generator", name: "hostname", options: {} }],
    ["{email: {domain: example.org}}", { kind: "generator", name: "email", options: { domain: "example.org" } }],
    [
      "{template: '{first_name}{row}'}",
      { kind: "generator", name: "template", options: { pattern: "{first_name}{row}" } },
    ],
    ["{one_of: [a, 2, true]}", { kind: "generator", name: "one_of", options: { values: ["a", 2, true] } }],
    [
      "{weighted: {free: 80, pro: 20}}",
      { kind: "generator", name: "weighted", options: { weights: { free: 80, pro: 20 } } },
    ],
    ["internet.emoji", { kind: "generator", name: "internet.emoji", options: {} }],
    ['"@teams.id"', { kind: "reference", entity: "teams", column: "id", options: {} }],
    ['"@app.teams.id"', { kind: "reference", entity: "app.teams", column: "id", options: {} }],
    [
      '{"@teams.id": {distribution: zipf}}',
      { kind: "reference", entity: "teams", column: "id", options: { distribution: "zipf" } },
    ],
    ["{constant: fixed}", { kind: "constant", value: "fixed" }],
    ["24", { kind: "constant", value: 24 }],
    ["false", { kind: "constant", value: false }],
    ["null", { kind: "constant", value: null }],
    ["{sql: now()}", { kind: "sql", expression: "now()" }],
  ] as const)("%s", async (written, spec) => {
    expect((await specOf(written))?.spec).toEqual(spec);
  });

  test("the share of NULLs stands beside it, and every field knows its place", async () => {
    expect(await specOf("{phone: {}, null_share: 0.25}")).toMatchObject({
      nullShare: 0.25,
      source: "seeds/a.yaml:4:7",
    });
  });

  test.each([
    ["hostnam", 'seeds/a.yaml:4:10  there is no generator "hostnam"; did you mean "hostname"?'],
    ["{int: {mim: 1}}", 'seeds/a.yaml:4:17  unknown key "mim"; did you mean "min"?'],
    ["{int: {min: low}}", "seeds/a.yaml:4:22  min must be a number, not text"],
    ["{int: {min: 5, max: 1}}", "seeds/a.yaml:4:16  int needs a min that is not above its max"],
    ["{int: {}, bool: {}}", "seeds/a.yaml:4:10  x must be one generator with its options, not int, bool"],
    ["[a]", "seeds/a.yaml:4:10  x must be a generator's name, or one key with its options"],
    ["{phone: {}, null_share: 2}", "seeds/a.yaml:4:34  null_share must be a number from 0 to 1"],
    ["{constant: [1]}", "seeds/a.yaml:4:21  constant must be text, a number, true or false"],
    ["{sql: ''}", "seeds/a.yaml:4:16  sql must be an SQL expression"],
    ['"@users"', 'seeds/a.yaml:4:10  x must name an entity and a column, such as "@users.id"'],
    [
      '{"@users.id": {distribution: wide}}',
      'seeds/a.yaml:4:39  distribution must be uniform, zipf or each, not "wide"',
    ],
  ])("%s is a mistake with its place", async (written, message) => {
    expect(await mistakesOf(field(written))).toEqual([message]);
  });
});

describe("a whole file", () => {
  test("what is said of entities and scenarios", async () => {
    const { entities, scenarios, seed, now } = await load({
      "b.yml":
        "entities:\n  ssh_profiles: {aliases: [ssh], per: users, count: {weighted: {1: 20, 3: 80}}, unique: [host, [a, b]]}",
      "a.yaml": `seed: 42\nnow: 2026-01-01T12:00:00+02:00\nentities:\n  users: {table: app.users, count: 5}\n  plain:
scenarios:\n  start: {params: {users: 10}, counts: {users: "{users}", ssh: 3}, only: [users, ssh]}`,
      "notes.txt": "no factory",
    });
    expect([...entities.keys()]).toEqual(["users", "plain", "ssh_profiles"]);
    expect(entities.get("users")).toMatchObject({ table: "app.users", count: { kind: "fixed", count: 5 } });
    expect(entities.get("plain")).toMatchObject({ table: "plain", aliases: [] });
    expect(entities.get("ssh_profiles")).toMatchObject({
      ...{ aliases: ["ssh"], per: "users", unique: [["host"], ["a", "b"]] },
      count: {
        kind: "weighted",
        weights: new Map([
          [1, 20],
          [3, 80],
        ]),
      },
    });
    expect(scenarios.get("start")?.counts).toEqual(
      new Map<string, number | string>([
        ["users", "{users}"],
        ["ssh", 3],
      ]),
    );
    expect(seed).toBe(42);
    expect(now.toISOString()).toBe("2026-01-01T10:00:00.000Z");
  });

  test("no folder, and no files, are no factories; times hang on the day", async () => {
    const none = await loadFactories(join(root, "nowhere"), { today });
    expect(none.entities.size).toBe(0);
    expect(none.now.toISOString()).toBe("2026-03-04T00:00:00.000Z");
    expect((await load({})).files).toEqual([]);
  });

  test("a folder that is none is said", async () => {
    const dir = join(root, "no-folder");
    await writeFile(dir, "");
    expect(await loadFactories(dir, { today }).catch((error: unknown) => error)).toMatchObject({ exit: 3 });
  });

  test("every mistake of every file is said at once", async () => {
    const mistakes = await mistakesOf({
      "a.yaml": `generator_version: 2
now: yesterday
entities:
  users: {count: {min: 3, max: 1}, tabel: x, fields: {a: emial, b: nothing_like_it}}
  orders: {per: user, aliases: [users]}
  lines: {count: {min: 1, max: 2}}
scenarios:
  big: {params: {n: 1}, counts: {users: "{m}", ordrs: 1}, only: [line]}`,
      "b.yaml": "seed: 1.5\nentities:\n  users: {}",
    });
    expect(mistakes.slice(0, 1)).toEqual(["the factories have 4 mistakes"]);
    expect(mistakes.slice(1).map((line) => line.replace(/^seeds\/(\w)\.yaml:(\d+):\d+ {2}/, "$1$2 "))).toEqual([
      'a4 unknown key "tabel" in entities.users; did you mean "table"?',
      'a4 there is no generator "emial"; did you mean "email"?',
      'a4 there is no generator "nothing_like_it"',
      "b1 seed must be a whole number",
    ]);
  });

  test.each([
    ["entities:\n  a: {per: bs}\n  bb: {}", 'a.yaml:2:7  there is no entity "bs"; did you mean "bb"?'],
    ["entities:\n  a: {aliases: [b]}\n  b: {}", "a.yaml:2:17  b is another entity's name"],
    ["entities:\n  a: {per: a}", "a.yaml:2:7  a cannot be made per itself"],
    [
      'entities:\n  a: {fields: {x: {constant: "a\\0b"}}}',
      "a.yaml:2:19  x holds a NUL character, which PostgreSQL does not store",
    ],
    ["entities:\n  a: {fields: {x: {text: {mim: 3}}}}", 'unknown key "mim"; did you mean "min"?'],
    [
      "entities:\n  a: {count: {min: 1, max: 2}}",
      "a.yaml:2:7  a is made per no other entity, so its count must be a whole number",
    ],
    [
      "entities:\n  a: {count: {min: 3, max: 2}}",
      "a.yaml:2:14  count must be a whole number up to a billion, {weighted: {1: 20, 3: 80}} or {min: 0, max: 5}",
    ],
    ["generator_version: 9", "a.yaml:1:1  this pgrove has versions 1 to 2 of the generators"],
    ["now: soon", "a.yaml:1:1  now must be a day or a time such as 2026-01-01 or 2026-01-01T12:00:00Z"],
    ["entities:\n  a: {}\nscenarios:\n  s: {counts: {a: '{n}'}}", "a.yaml:4:16  {n} is no parameter (known: none)"],
    ["entities:\n  a: {}\nscenarios:\n  s: {only: [b]}", 'a.yaml:4:14  there is no entity "b" (known: a)'],
    ["- a", "a.yaml:1:1  must be a mapping of keys to values"],
    ["entities: {a: {count: ", "broken YAML"],
  ])("%p", async (text, message) => {
    const [line] = await mistakesOf({ "a.yaml": text });
    expect(line).toContain(message);
  });

  test("two files do not give the same entity, or different seeds", async () => {
    const mistakes = await mistakesOf({
      "a.yaml": "seed: 1\nentities: {a: {}}",
      "b.yaml": "seed: 2\nentities: {a: {}}",
    });
    expect(mistakes.slice(1)).toEqual([
      "seeds/b.yaml:1:1  seed is another one in seeds/a.yaml",
      "seeds/b.yaml:2:12  a is in another file, too",
    ]);
  });
});
