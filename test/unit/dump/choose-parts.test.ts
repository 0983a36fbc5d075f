import { describe, expect, test } from "bun:test";
import { bytesOf } from "../../../src/archive/dump-bytes.ts";
import { type ElevatedStatement, elevatedOf } from "../../../src/archive/elevated.ts";
import { wantsOfSql } from "../../../src/archive/wants.ts";
import { chooseParts, type PartChoice } from "../../../src/dump/choose-parts.ts";
import type { InspectedDump } from "../../../src/dump/inspect.ts";
import { eachStatement } from "../../../src/sql/each-statement.ts";
import { requirePresent, type ServerFacts } from "../../../src/unit/needs.ts";

/** A server where an ordinary role logs in. */
const facts: ServerFacts = {
  ...{ versionNumber: 170000, login: "dev", mayAll: false, roles: ["dev", "boss", "team"], superusers: ["boss"] },
  ...{ ownRoles: ["dev", "team"], extensions: ["citext", "plpgsql", "pg_stat_statements"] },
  ...{ ownExtensions: ["citext"], tablespaces: ["pg_default"], forbiddenSettings: ["log_statement"] },
  dataDirectory: null,
};
const boss: ServerFacts = { ...facts, login: "boss", mayAll: true, ownExtensions: facts.extensions };

function elevatedStatements(sql: string): ElevatedStatement[] {
  const bytes = Buffer.from(sql);
  const found: ElevatedStatement[] = [];
  eachStatement(bytes, (text, { start, end }) => {
    const one = elevatedOf(text, () => bytes.toString("utf8", start, end));
    if (one !== undefined) found.push(one);
  });
  return found;
}

function inspected(sql: string, extensions: string[] = []): InspectedDump {
  return {
    ...{ dump: { name: "x.sql", path: "/x.sql", sizeBytes: 1, modifiedAt: new Date(0) }, serverVersion: undefined },
    ...{ bytes: bytesOf("/x.sql"), fileKey: undefined, manifest: undefined },
    ...{
      kind: { kind: "plain", wrapping: "none" },
      reader: 0,
      wants: wantsOfSql(sql),
      elevated: elevatedStatements(sql),
      extensions,
      tablespaces: [],
      collations: { named: [], made: [] },
    },
    ...{ tables: undefined, onlyRows: false, restricted: false, superfluous: false, parts: [], entries: [] },
    ...{ leftOut: { options: [], settings: [] }, checked: "read" },
  };
}

/** What is left out, said and still needed: the lines of the refusal. */
function choose(dump: InspectedDump, server: ServerFacts, choice: Partial<PartChoice> = {}) {
  const { skipping, notes, needs } = chooseParts(dump, server, { noOwner: false, ...choice });
  let refused: string[] = [];
  let hint = "";
  try {
    requirePresent(server, "main", { ...needs, missingCollations: [] });
  } catch (error) {
    refused = String(error).split("\n").slice(1);
    hint = String(Reflect.get(Object(error), "hint"));
    expect(error).toMatchObject({ code: "server_lacks", exit: 4 });
  }
  const { owners, grants, objects } = skipping;
  return { owners, grants, objects: [...objects], notes: notes.join("\n"), refused, hint };
}

describe("roles that are not there", () => {
  const POLICY = "CREATE POLICY p ON public.t FOR SELECT TO ghost USING (true);";

  test("are asked for, whatever names them", () => {
    for (const sql of [
      "ALTER TABLE t OWNER TO ghost;",
      "GRANT SELECT ON t TO ghost;",
      "ALTER DEFAULT PRIVILEGES FOR ROLE ghost GRANT SELECT ON TABLES TO PUBLIC;",
      "SET SESSION AUTHORIZATION 'ghost';",
      "ALTER PUBLICATION p OWNER TO ghost;",
      "CREATE USER MAPPING FOR ghost SERVER s;",
      POLICY,
    ]) {
      const { refused, hint } = choose(inspected(sql), boss);
      expect(refused[0]).toBe("roles: ghost");
      expect(hint).toContain("--no-owner");
      expect(choose(inspected(sql), boss, { noOwner: true }).refused).toEqual([]);
    }
  });

  test("a policy for nobody who is there is left out without owners, and said", () => {
    const { objects, notes } = choose(inspected(POLICY), boss, { noOwner: true });
    expect(objects).toEqual(["policy p on public.t"]);
    expect(notes).toContain("policy p on public.t");
  });

  test("a policy for others, too, needs them all the same, and --no-owner is no way out", () => {
    const shared = inspected("CREATE POLICY p ON t AS RESTRICTIVE TO ghost, boss USING (false);");
    for (const noOwner of [false, true]) {
      const { refused, hint, objects } = choose(shared, boss, { noOwner });
      expect([refused, objects]).toEqual([["roles: ghost"], []]);
      expect(hint).not.toContain("--no-owner");
    }
  });

  test("where all of it becomes one role's, grants stay when their roles are there", () => {
    const owned = inspected("ALTER TABLE t OWNER TO ghost; GRANT SELECT ON t TO boss;");
    expect(choose(owned, boss, { ownRole: true })).toMatchObject({ owners: true, grants: false, refused: [] });
    const granted = inspected("GRANT SELECT ON t TO boss; GRANT SELECT ON t TO ghost;");
    const { grants, notes } = choose(granted, boss, { ownRole: true });
    expect([grants, notes]).toEqual([true, "grants are left out, since there is no such role here: ghost"]);
  });
});

describe("what the login may not do", () => {
  const forbidden = "CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION f(); CREATE PUBLICATION p FOR ALL TABLES;";

  test("is said with the flag that leaves it out, and with that flag it is left out", () => {
    const dump = inspected(forbidden, ["citext", "pg_stat_statements"]);
    const { refused, hint } = choose(dump, facts);
    expect(refused).toEqual([
      "extensions that dev may not create: pg_stat_statements",
      "what only superusers do, and not dev: event trigger e, publication p",
    ]);
    expect(hint).toContain("--skip-forbidden");
    const without = choose(dump, facts, { skipForbidden: true });
    expect(without.refused).toEqual([]);
    expect(without.objects).toEqual(
      expect.arrayContaining(["extension pg_stat_statements", "event trigger e", "publication p"]),
    );
    expect(without.objects).not.toContain("extension citext");
    expect(choose(dump, boss, { skipForbidden: true }).objects).toEqual([]);
  });

  test("owners that it is not in, other sessions, settings", () => {
    expect(choose(inspected("ALTER TABLE t OWNER TO boss; ALTER TABLE u OWNER TO team;"), facts).refused).toEqual([
      "roles that dev is not in, and so may not give anything to: boss",
    ]);
    expect(
      choose(inspected("ALTER SCHEMA public OWNER TO pg_database_owner;"), { ...facts, roles: ["pg_database_owner"] })
        .refused,
    ).toEqual([]);
    expect(choose(inspected("SET SESSION AUTHORIZATION boss;"), facts).refused).toEqual([
      "what only superusers do, and not dev: SET SESSION AUTHORIZATION boss",
    ]);
    expect(choose(inspected("SET SESSION AUTHORIZATION dev; SET ROLE team;"), facts).refused).toEqual([]);
    const routine = "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET log_statement TO 'none' AS 'select 1';";
    expect(choose(inspected(routine), facts).refused).toEqual(["settings that dev may not change: log_statement"]);
  });

  test("a publication of all tables belongs to superusers alone, whoever logs in", () => {
    const dump = inspected("CREATE PUBLICATION p FOR ALL TABLES; ALTER PUBLICATION p OWNER TO team;");
    expect(choose(dump, boss).refused).toEqual(["owners that are superusers: publication p of team"]);
    expect(choose(dump, boss, { noOwner: true }).refused).toEqual([]);
  });

  test("plpgsql is there already, and its comment the superuser's", () => {
    const old = inspected("CREATE EXTENSION IF NOT EXISTS plpgsql; COMMENT ON EXTENSION plpgsql IS 'x';", ["plpgsql"]);
    expect(choose(old, facts)).toMatchObject({ objects: ["extension plpgsql"], refused: [], notes: "" });
    expect(choose(old, boss)).toMatchObject({ objects: [], refused: [] });
  });
});

test("tablespaces that the server lacks are left out on request", () => {
  const sql = "SET default_tablespace = fast; CREATE TABLE t (id int); SET default_tablespace = '';";
  const dump = { ...inspected(sql), tablespaces: ["fast"] };
  const { refused, hint } = choose(dump, boss);
  expect([refused, hint.includes("--no-tablespaces")]).toEqual([["tablespaces: fast"], true]);
  expect(choose(dump, boss, { noTablespaces: true })).toMatchObject({
    ...{ refused: [], objects: ["tablespaces"], notes: "left out: tablespaces: fast" },
  });
});

test("an extension that the server lacks is left out on request; what the dump has not is said", () => {
  const dump = inspected("CREATE EXTENSION cloud; COMMENT ON EXTENSION cloud IS 'x';", ["cloud"]);
  const { refused, hint } = choose(dump, boss);
  expect([refused, hint.includes("--skip-extension")]).toEqual([["extensions: cloud"], true]);
  const { notes, ...without } = choose(dump, boss, { skippedExtensions: ["cloud", "mist"] });
  expect(without.refused).toEqual([]);
  expect(notes).toBe("left out: extension cloud\nthe dump has none of this: extension mist");
});

test.each(["ALWAYS", "REPLICA"])(
  "no administrator makes an event trigger that is enabled %s, however that is written",
  (when) => {
    const made = "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f();";
    const server = { ...facts, administrator: "boss" };
    const elevated = (sql: string) => chooseParts(inspected(sql), server, { noOwner: false }).elevated.length;
    expect(elevated(`${made} ALTER EVENT TRIGGER e ENABLE;`)).toBe(2);
    for (const between of [" ", "\n", "/* */", "--\r", "-- x\n"]) {
      expect(elevated(`${made} ALTER EVENT TRIGGER e ENABLE${between}${when};`)).toBe(0);
    }
  },
);
