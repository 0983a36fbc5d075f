/** Rows as wholes: what hangs on what, what may not repeat, and what stays as it was. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PgroveError } from "../../../../src/errors.ts";
import type { EntityPlan, FanOut, FieldPlan, SeedPlan } from "../../../../src/seed/entity.ts";
import { compileEntity, generateRows, prepareGenerators } from "../../../../src/seed/generate/compile.ts";
import { countChildren } from "../../../../src/seed/generate/fan-out.ts";
import { requireSpace } from "../../../../src/seed/generate/spaces.ts";
import { chooseTried, WAYS } from "../../../../src/seed/generate/tried-cells.ts";
import {
  entityPlan,
  fieldPlan,
  foreignKey,
  generator,
  reference,
  seedPlan,
  typeShape,
} from "../../../support/seed/plan-parts.ts";

const INT = typeShape("int4");
const id = fieldPlan("id", generator("sequence"), { type: INT, unique: true });

function rowsOf(plan: SeedPlan, entity: EntityPlan): Record<string, string | null>[] {
  const maker = compileEntity(plan, entity);
  return Array.from({ length: entity.rows }, (_, index) => {
    const values = maker.values(entity.firstRow + index);
    return Object.fromEntries(entity.fields.map(({ column }, at) => [column.name, values[at] ?? null]));
  });
}

function columnIn(plan: SeedPlan, entity: EntityPlan, name: string): (string | null)[] {
  return rowsOf(plan, entity).map((row) => row[name] ?? null);
}

function mistakeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof PgroveError) return `${error.message} | ${error.hint}`;
    throw error;
  }
  return "no error";
}

describe("what stays as it was", () => {
  const fields = [
    id,
    fieldPlan("email", generator("email"), { unique: true }),
    fieldPlan("note", generator("text"), { nullShare: 0.3 }),
  ];
  const users = entityPlan("users", fields, { rows: 2_000 });
  const bytesOf = (plan: SeedPlan, entity: EntityPlan, pieces: number) => {
    const parts: Uint8Array[] = [];
    const size = entity.rows / pieces;
    for (let piece = 0; piece < pieces; piece++) {
      parts.push(...generateRows(plan, entity, piece * size, (piece + 1) * size));
    }
    return Buffer.concat(parts);
  };

  test.each([4, 1000])("rows made in %d parts are the same bytes", (pieces) => {
    expect(bytesOf(seedPlan([users]), users, pieces).equals(bytesOf(seedPlan([users]), users, 1))).toBe(true);
  });

  test("another seed gives other rows", () => {
    expect(bytesOf(seedPlan([users], { seed: 43 }), users, 1).equals(bytesOf(seedPlan([users]), users, 1))).toBe(false);
  });

  test("more rows leave the first ones, another field leaves the others", () => {
    const more = entityPlan("users", [fieldPlan("added", generator("city")), ...fields], { rows: 3_000 });
    const before = rowsOf(seedPlan([users]), users);
    const after = rowsOf(seedPlan([more]), more).slice(0, users.rows);
    expect(after.map(({ added, ...rest }) => rest)).toEqual(before);
  });

  test("NULL falls to its share of the rows", () => {
    const nulls = columnIn(seedPlan([users]), users, "note").filter((note) => note === null).length;
    expect(nulls).toBeGreaterThan(540);
    expect(nulls).toBeLessThan(660);
  });

  test("pieces are of about 64 KiB and end with a row", () => {
    const pieces = [...generateRows(seedPlan([users]), users, 0, users.rows)];
    expect(pieces.length).toBeGreaterThan(1);
    for (const piece of pieces) expect(piece.at(-1)).toBe(10);
    for (const piece of pieces.slice(0, -1)) expect(Math.abs(piece.length - 65_536)).toBeLessThan(1_000);
  });
});

describe("values that may not repeat", () => {
  const cases: readonly (readonly [string, FieldPlan["spec"], Parameters<typeof fieldPlan>[2], number])[] = [
    ["an int, over its whole space", generator("int", { min: 1, max: 3_000 }), { type: INT }, 3_000],
    ["one_of, over its whole space", generator("one_of", { values: ["a", "b", "c"] }), {}, 3],
    ["emails, beyond all pairs of names", generator("email"), {}, 120_000],
    ["names", generator("name"), {}, 120_000],
    ["names in a short column", generator("name"), { type: typeShape("varchar", { length: 9 }) }, 20_000],
    ["codes in a very short column", generator("words"), { type: typeShape("bpchar", { length: 3 }) }, 46_656],
    ["hosts", generator("hostname"), {}, 20_000],
    ["private addresses", generator("ipv4"), { type: typeShape("inet") }, 20_000],
    ["times", generator("time", { from: "-20s" }), { type: typeShape("timestamptz") }, 20_001],
    ["uuids", generator("uuid"), { type: typeShape("uuid") }, 20_000],
    ["decimals", generator("numeric", { min: 0, max: 20, scale: 3 }), { type: typeShape("numeric") }, 20_001],
    ["bits", generator("bits"), { type: typeShape("bit", { length: 8 }) }, 256],
    ["texts", generator("text"), {}, 20_000],
    ["a template with the row in it", generator("template", { pattern: "{first_name}{row}" }), {}, 20_000],
  ];

  test.each(cases)("%s", (_, spec, wish, rows) => {
    const entity = entityPlan("things", [fieldPlan("value", spec, { ...wish, unique: true })], { rows });
    const plan = seedPlan([entity]);
    requireSpace(plan);
    const values = columnIn(plan, entity, "value");
    expect(new Set(values).size).toBe(rows);
    const { length = Number.POSITIVE_INFINITY } = wish?.type ?? {};
    expect(values.every((value) => [...(value ?? "")].length <= length)).toBe(true);
  });

  test("a space that is too small is told before, with entity, field, needed and available", () => {
    const fields = [
      fieldPlan("code", generator("int", { min: 1, max: 9 }), { type: INT, unique: true }),
      fieldPlan("a", generator("one_of", { values: ["x", "y"] }), { uniqueGroup: 0 }),
      fieldPlan("b", generator("bool"), { uniqueGroup: 0, type: typeShape("bool") }),
    ];
    const plan = seedPlan([entityPlan("things", fields, { rows: 10 })]);
    const told = mistakeOf(() => requireSpace(plan));
    expect(told).toContain("things.code: 10 values needed, 9 available (seeds/test.yaml:code)");
    expect(told).toContain("things (a, b): 10 values needed, 4 available");
    expect(mistakeOf(() => requireSpace(seedPlan([entityPlan("things", fields, { rows: 4 })])))).toBe("no error");
  });

  test("a template without anything that differs is refused", () => {
    const entity = entityPlan("things", [
      fieldPlan("slug", generator("template", { pattern: "{city}" }), { unique: true }),
    ]);
    expect(mistakeOf(() => compileEntity(seedPlan([entity]), entity))).toContain("put {row} into the template");
  });
});

describe("references", () => {
  const users = entityPlan("users", [id, fieldPlan("email", generator("email"))], {
    rows: 50,
    firstKeys: new Map([["id", 1001n]]),
  });
  const key = foreignKey(["user_id"], "public.users", ["id"]);

  test("values are those of the rows that are referred to, all columns of one row", () => {
    const fields = [
      fieldPlan("user_id", reference("users", "id"), { type: INT }),
      fieldPlan("user_email", reference("users", "email")),
    ];
    const orders = entityPlan("orders", fields, { rows: 500, foreignKeys: [key] });
    const plan = seedPlan([users, orders]);
    const emails = new Map(rowsOf(plan, users).map(({ id: own, email }) => [own, email]));
    const rows = rowsOf(plan, orders);
    expect(rows.every(({ user_id = "", user_email }) => emails.get(user_id) === user_email)).toBe(true);
    expect(new Set(rows.map(({ user_id }) => user_id)).size).toBeGreaterThan(40);
  });

  test("keys that are there already", () => {
    const orders = entityPlan("orders", [fieldPlan("user_id", reference("public.users", "id"))], { rows: 50 });
    const keys = ["7", "a\tb", "\\N"];
    const plan = seedPlan([orders], { existing: new Map([["public.users.id", keys]]) });
    expect(new Set(columnIn(plan, orders, "user_id"))).toEqual(new Set(keys));
  });

  test("rows that are nowhere are a clear error", () => {
    const orders = entityPlan("orders", [fieldPlan("user_id", reference("public.users", "id"))]);
    expect(mistakeOf(() => compileEntity(seedPlan([orders]), orders))).toStartWith(
      "orders.user_id (seeds/test.yaml:user_id): there are no rows of public.users to refer to",
    );
  });

  test("of a row that may not refer to itself the first refers to the next one", () => {
    const boss = fieldPlan("boss_id", reference("staff", "id"), { type: INT, differs: ["id"] });
    const staff = entityPlan("staff", [id, boss], { rows: 50 });
    const rows = rowsOf(seedPlan([staff], { generatorVersion: 2 }), staff);
    expect(rows[0]).toEqual({ id: "1", boss_id: "2" });
    expect(rows.filter((row) => row.id === row.boss_id)).toEqual([]);
  });

  test("where each must be referred to once each refers to itself, or to the next one in a ring", () => {
    const own = { type: INT, unique: true };
    const ring = (differs: string[]) => {
      const next = { ...fieldPlan("next_id", reference("nodes", "id"), own), differs };
      const nodes = entityPlan("nodes", [id, next], { rows: 5 });
      return columnIn(seedPlan([nodes]), nodes, "next_id");
    };
    expect(ring([])).toEqual(["1", "2", "3", "4", "5"]);
    expect(ring(["id"])).toEqual(["2", "3", "4", "5", "1"]);
  });

  test("a row refers to an earlier one of its own table, the first to none", () => {
    const parent = fieldPlan("parent_id", reference("nodes", "id"), { type: INT, nullable: true });
    const nodes = entityPlan("nodes", [id, parent], { rows: 300, firstRow: 40 });
    const [first, ...rest] = rowsOf(seedPlan([nodes]), nodes);
    expect(first?.parent_id).toBeNull();
    expect(rest.every(({ id: own, parent_id }) => Number(parent_id) >= 41 && Number(parent_id) < Number(own))).toBe(
      true,
    );
  });

  test("matching rows share what they must: the tenant of both keys", () => {
    const tenant = generator("int", { min: 1, max: 5 });
    const projects = entityPlan("projects", [id, fieldPlan("tenant_id", tenant, { type: INT })], { rows: 60 });
    const fields = [
      fieldPlan("tenant_id", tenant, { type: INT }),
      fieldPlan("project_id", reference("projects", "id", { match: { tenant_id: "tenant_id" } }), { type: INT }),
    ];
    const tasks = entityPlan("tasks", fields, { rows: 400 });
    const plan = seedPlan([projects, tasks]);
    const tenants = new Map(rowsOf(plan, projects).map((row) => [row.id, row.tenant_id]));
    expect(rowsOf(plan, tasks).every(({ tenant_id, project_id = "" }) => tenants.get(project_id) === tenant_id)).toBe(
      true,
    );
  });

  test("where no row agrees, there is none, if the column may be without; else that is said", () => {
    const users = entityPlan("users", [id], { rows: 4 });
    const projects = entityPlan("projects", [id, fieldPlan("owner_id", { kind: "constant", value: 2 }, { type: INT })]);
    const ownOf = (nullable: boolean) => {
      const own = reference("projects", "id", { match: { owner_id: "owner_id" } });
      const owner = fieldPlan("owner_id", reference("users", "id"), { type: INT });
      const tasks = entityPlan("tasks", [owner, fieldPlan("project_id", own, { type: INT, nullable })]);
      return rowsOf(seedPlan([users, projects, tasks]), tasks);
    };
    const rows = ownOf(true);
    expect(new Set(rows.map((row) => row.owner_id)).size).toBe(4);
    expect(rows.every((row) => (row.owner_id === "2") === (row.project_id !== null))).toBe(true);
    expect(() => ownOf(false)).toThrow("no row to refer to has owner_id");
  });

  test("pairs of a composite key never repeat", () => {
    const groups = entityPlan("groups", [id], { rows: 7 });
    const fields = [
      fieldPlan("user_id", reference("users", "id"), { type: INT, uniqueGroup: 0 }),
      fieldPlan("group_id", reference("groups", "id"), { type: INT, uniqueGroup: 0 }),
    ];
    const members = entityPlan("members", fields, { rows: 350 });
    const plan = seedPlan([users, groups, members]);
    requireSpace(plan);
    expect(new Set(rowsOf(plan, members).map((row) => `${row.user_id} ${row.group_id}`)).size).toBe(350);
  });

  test("the columns of a composite key are of one row, also where one of them may not repeat", () => {
    const pair = foreignKey(["user_id", "mail"], "public.users", ["id", "email"]);
    const first = fieldPlan("user_id", reference("users", "id"), { type: INT, unique: true });
    const mail = fieldPlan("mail", reference("users", "email"));
    const cards = entityPlan("cards", [first, mail], { rows: 50, foreignKeys: [pair] });
    const plan = seedPlan([users, cards]);
    const pairs = rowsOf(plan, users).map((row) => `${row.id} ${row.email}`);
    const made = rowsOf(plan, cards).map((row) => `${row.user_id} ${row.mail}`);
    expect(made.sort()).toEqual(pairs.sort());
    const second = compileEntity(plan, { ...cards, fields: [mail] });
    expect(second.values(7)[0]).toBe(compileEntity(plan, cards).values(7)[1] ?? null);
  });

  test("a column that the database makes cannot be referred to", () => {
    const orders = entityPlan("orders", [fieldPlan("user_id", reference("users", "token"))]);
    expect(mistakeOf(() => compileEntity(seedPlan([users, orders]), orders))).toContain("give token a field in users");
  });
});

describe("rows per parent", () => {
  const parents = entityPlan("users", [id], { rows: 2_000, firstRow: 10 });
  const fanOuts: readonly (readonly [string, FanOut, readonly number[]])[] = [
    ["fixed", { kind: "fixed", count: 3 }, [3]],
    [
      "weighted",
      {
        kind: "weighted",
        weights: new Map([
          [0, 20],
          [1, 20],
          [3, 50],
          [8, 10],
        ]),
      },
      [0, 1, 3, 8],
    ],
    ["random", { kind: "random", min: 2, max: 5 }, [2, 3, 4, 5]],
    [
      "mostly none",
      {
        kind: "weighted",
        weights: new Map([
          [0, 999],
          [1, 1],
        ]),
      },
      [0, 1],
    ],
  ];

  test.each(fanOuts)("%s", (_, fanOut, counts) => {
    const rows = countChildren(42, "profiles", fanOut, parents);
    const fields = [
      fieldPlan("user_id", reference("users", "id"), { type: INT, uniqueGroup: 0 }),
      fieldPlan("slot", generator("int", { min: 1, max: 8 }), { type: INT, uniqueGroup: 0 }),
    ];
    const profiles = entityPlan("profiles", fields, { rows, firstRow: 5, per: { entity: "users", fanOut } });
    const plan = seedPlan([parents, profiles]);
    requireSpace(plan);
    const made = rowsOf(plan, profiles);
    const perParent = new Map<string, number>(rowsOf(plan, parents).map(({ id: own }) => [own ?? "", 0]));
    for (const { user_id } of made) perParent.set(user_id ?? "", (perParent.get(user_id ?? "") ?? -1e9) + 1);
    expect([...new Set(perParent.values())].sort()).toEqual([...counts]);
    expect(new Set(made.map((row) => `${row.user_id} ${row.slot}`)).size).toBe(rows);

    const backwards = compileEntity(plan, profiles);
    const jumps = Array.from({ length: 200 }, (_, jump) => (jump * 7919) % rows);
    expect(jumps.map((row) => backwards.values(5 + row)[0] ?? null)).toEqual(
      jumps.map((row) => made[row]?.user_id ?? null),
    );
  });
});

describe("values of the same row", () => {
  const fields = [
    fieldPlan("first_name", generator("first_name")),
    fieldPlan("login", generator("template", { pattern: "{first_name|slug}.{row}" })),
    fieldPlan("price", generator("price", { max: 50 }), { type: typeShape("numeric") }),
    fieldPlan("quantity", generator("int", { min: 1, max: 9 }), { type: INT }),
    fieldPlan("total", generator("expression", { value: "round(price * quantity, 2)" }), {
      type: typeShape("numeric"),
    }),
    fieldPlan("created_at", generator("time", { from: "-90d", shape: "office" }), { type: typeShape("timestamptz") }),
    fieldPlan("updated_at", generator("time", { after: "created_at", within: "2h" }), {
      type: typeShape("timestamptz"),
    }),
    fieldPlan("key", generator("uuid_v7", { at: "created_at" }), { type: typeShape("uuid") }),
  ];
  const sales = entityPlan("sales", fields, { rows: 500 });
  const rows = rowsOf(seedPlan([sales]), sales);

  test("templates and expressions", () => {
    rows.forEach(({ first_name, login, price, quantity, total }, row) => {
      const plain = (first_name ?? "")
        .normalize("NFD")
        .replace(/[^a-zA-Z]/g, "")
        .toLowerCase();
      expect(login).toBe(`${plain}.${row + 1}`);
      expect(Number(total)).toBeCloseTo(Number(price) * Number(quantity), 2);
    });
  });

  test("a later time is later, and no more than it may be", () => {
    for (const { created_at, updated_at, key } of rows) {
      const [from, to] = [Date.parse(`${created_at}:00`), Date.parse(`${updated_at}:00`)];
      expect(to).toBeGreaterThanOrEqual(from);
      expect(to - from).toBeLessThanOrEqual(7_200_000);
      expect(Number.parseInt((key ?? "").replaceAll("-", "").slice(0, 12), 16)).toBe(from);
    }
  });

  test.each([
    ["price +", "a value is missing before the end (column 8)"],
    ["cost * 2", "names cost, which is no other field"],
    ["sqrt(price)", "there is no function sqrt (column 1)"],
    ["price # 2", '"#" is not known here'],
    ["total + 1", "names total, which is no other field"],
  ])("the expression %s is refused", (value, told) => {
    const broken = entityPlan("sales", [...fields.slice(0, 4), fieldPlan("total", generator("expression", { value }))]);
    expect(mistakeOf(() => compileEntity(seedPlan([broken]), broken))).toContain(told);
  });

  test("fields that hang on each other in a circle are refused", () => {
    const circle = entityPlan("things", [
      fieldPlan("a", generator("template", { pattern: "{b}" })),
      fieldPlan("b", generator("template", { pattern: "{a}" })),
    ]);
    expect(mistakeOf(() => compileEntity(seedPlan([circle]), circle))).toContain("things.a is made of itself");
  });
});

test("ssh-keygen agrees with every fingerprint", () => {
  const program = Bun.which("ssh-keygen");
  if (program === null) return;
  const keys = entityPlan("keys", [
    fieldPlan("public_key", generator("ssh_public_key", { comment: "dev@example.test" })),
    fieldPlan("fingerprint", generator("ssh_fingerprint", { of: "public_key" })),
  ]);
  const rows = rowsOf(seedPlan([keys]), keys);
  const folder = mkdtempSync(join(tmpdir(), "pgrove-keys-"));
  try {
    const file = join(folder, "keys.pub");
    writeFileSync(file, `${rows.map(({ public_key }) => public_key).join("\n")}\n`);
    const shown = Bun.spawnSync([program, "-lf", file]).stdout.toString().trim().split("\n");
    expect(shown.map((line) => line.split(" ")[1] ?? null)).toEqual(rows.map(({ fingerprint }) => fingerprint ?? null));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("office hours are kept by most times", () => {
  const events = entityPlan(
    "events",
    [fieldPlan("at", generator("time", { from: "-90d", shape: "office" }), { type: typeShape("timestamptz") })],
    { rows: 5_000 },
  );
  const times = columnIn(seedPlan([events]), events, "at").map((at) => new Date(`${at}:00`));
  const inOffice = times.filter((at) => at.getUTCDay() % 6 !== 0 && at.getUTCHours() >= 9 && at.getUTCHours() < 17);
  expect(inOffice.length / times.length).toBeGreaterThan(0.75);
  expect(times.some((at) => at.getUTCDay() % 6 === 0)).toBe(true);
});

test.each([
  ["int", { min: 1, max: 70_000 }, "int2", "int2 holds -32768 to 32767"],
  ["uuid", {}, "int4", "uuid makes nothing that a int4 takes"],
  ["one_of", { values: ["lost"] }, "mood", 'the enum mood has no label "lost"'],
  ["internet.nothing", {}, "text", "faker has no method internet.nothing"],
  ["array", {}, "text", "it does not say what it is made of"],
])("%s with %o in a column of %s is refused", async (name, options, type, told) => {
  const shape = type === "mood" ? typeShape("mood", { kind: "enum", labels: ["fine"] }) : typeShape(type);
  const entity = entityPlan("things", [fieldPlan("value", generator(name, options), { type: shape })]);
  const plan = seedPlan([entity]);
  await prepareGenerators(plan);
  expect(mistakeOf(() => compileEntity(plan, entity))).toContain(told);
});

test("another version of the generators is refused", async () => {
  const plan = seedPlan([], { generatorVersion: 3 });
  expect(await prepareGenerators(plan).catch((error: unknown) => String(error))).toContain(
    "generator_version 3 is not one",
  );
});

test("JSON has numbers, truth values, arrays and objects, not texts of them", () => {
  const parts = {
    stars: { int: { min: 4, max: 4 } },
    on: { bool: { p: 1 } },
    nothing: "null",
    tags: { array: { of: { one_of: ['q"'] }, min: 2, max: 2 } },
    inner: { sizes: { array: { of: { one_of: [7] }, min: 1, max: 1 } }, word: { constant: "7" } },
  };
  const field = fieldPlan("doc", generator("json", { fields: parts }), { type: typeShape("jsonb") });
  const docs = entityPlan("docs", [field], { rows: 1 });
  const [doc] = columnIn(seedPlan([docs]), docs, "doc");
  const expected = { stars: 4, on: true, nothing: null, tags: ['q"', 'q"'], inner: { sizes: [7], word: "7" } };
  expect(JSON.parse(doc ?? "")).toEqual(expected);
});

describe("rows that PostgreSQL refused as they were planned", () => {
  const size = fieldPlan("size", generator("int", { min: 1, max: 9 }), { type: INT });
  const wide = generator("int", { min: 100, max: 199 });
  const tried = (attempts: number[]) => {
    const tries = [{ checks: [], specs: new Map([["size", [wide]]]), attempts }];
    return entityPlan("parcels", [id, size], { rows: 3, tries });
  };

  test("attempt 0 is the row as it was, and the others change no other row", () => {
    const [plain, changed] = [tried([0, 0, 0]), tried([0, 7, 0])];
    const sizes = columnIn(seedPlan([plain]), plain, "size");
    const others = columnIn(seedPlan([changed]), changed, "size");
    expect(sizes).toEqual(columnIn(seedPlan([]), entityPlan("parcels", [id, size], { rows: 3 }), "size"));
    expect([others[0], others[2]]).toEqual([sizes[0], sizes[2]]);
  });

  test("all that is made of a column is chosen by some of the ways, and some leave it", () => {
    const specs = Array.from({ length: 10 }, (_, place) => generator("constant", { value: place }));
    const chosen = Array.from({ length: WAYS - 1 }, (_, way) => chooseTried("parcels.size", specs, way + 1));
    expect(new Set(chosen)).toEqual(new Set([...specs, undefined]));
  });

  test("numbers above another field's are so much more", () => {
    const more = fieldPlan("more", generator("int", { min: 2, max: 3, above: "size" }), { type: INT });
    const entity = entityPlan("parcels", [size, more]);
    const rows = rowsOf(seedPlan([entity]), entity);
    expect(new Set(rows.map((row) => Number(row.more) - Number(row.size)))).toEqual(new Set([2, 3]));
  });
});
