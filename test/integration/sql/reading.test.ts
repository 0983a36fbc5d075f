/**
 * The reading of scripts beside psql itself: whatever of a made-up script runs a program or writes a file was found to be a
 * command, and a psql that was told to obey none does neither, however the script is read. `thorough`: 10,000 scripts.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { requireExact } from "../../../src/sql/exact.ts";
import { SqlLexer } from "../../../src/sql/lexer.ts";
import { loadParser } from "../../../src/sql/parser.ts";
import { requireHarmless } from "../../../src/sql/psql-commands.ts";
import { sealScript } from "../../../src/sql/seal.ts";
import { uniqueName } from "../../support/database.ts";
import { majors } from "../../support/engine/images.ts";
import { runOk } from "../../support/engine/run.ts";
import { sharedServer } from "../../support/engine/server.ts";
import { thorough } from "../../support/faults/moments.ts";
import { trials } from "../../support/property.ts";

/** Each makes a file in psql's own folder, where psql obeys it. */
const ACTING = [
  "\\! touch acted",
  "\\!touch acted",
  "\\o acted",
  "\\o |touch acted",
  "select 1 \\g |touch acted",
  "select 1 \\g acted",
  "select 1 \\w acted",
  "\\copy (select 1) to program 'touch acted'",
  "\\set a `touch acted`",
  "\\echo `touch acted`",
  "\\if `touch acted`\n\\endif",
  "\\if false\n\\! touch acted\n\\else\n\\! touch acted\n\\endif",
];

const STATEMENTS = [
  ...["select 1;", "select (1; 2);", "select ';' ;", "select 1", ";", "begin;", "commit;"],
  ...["select 'a';", "select 'a''b';", "select 'a\\';", "select E'a\\'b';", "select e'\\\\';", "select 'a'\n'\\';"],
  ...[
    "select E'a'\n'\\'';",
    'select 1 "a\\b";',
    "select U&'\\0041';",
    'select U&"a";',
    "select B'1';",
    "select N'a\\';",
  ],
  ...["select $$a'b$$;", "select $t$ $$ \\ $t$;", "select 1 as a$b$c;", "select $1$2;", "do $$ begin null; end $$;"],
  ...["-- a\r", "select E'a'\r'\\'';", "-- a\n", "/* a */", "/* a /* b */ c */", "/* a", "*/", "-- '\n"],
  ...["copy t from stdin;\na\n\\.\n", "copy t from stdin;\n", "copy t from stdin;\n\\.x\n \\.\n\\.\n", "\\.\n"],
  ...[
    'copy "t" from stdin;\na\\\n\\.\n',
    'copy t from stdin csv;\n"\n\\.\n"\n\\.\n',
    "copy t (a) from stdin where a = 'b';\n\\.\n",
  ],
  ...[
    "copy (select 1) to stdout;",
    "copy t to stdout;",
    "select copy from stdin;",
    "copy/**/t from--\nstdin;\na\n\\.\n",
  ],
  ...[
    'select 1 as "copy t from stdin;\n";',
    "copy copy from stdin;\na\n\\.\n",
    "copy t from stdin; select 1;\na\n\\.\n",
  ],
  ...[
    "copy t from stdout;\na\n\\.\n",
    "copy \"from stdin\" from 'x';",
    "create function f() returns int begin atomic select 1; end;",
  ],
];

const SETTINGS = [
  "set standard_conforming_strings = off;",
  "SET SESSION standard_conforming_strings TO 'off';",
  'set/**/"standard_conforming_strings"=0;',
  "select set_config('standard_conforming_strings', 'off', false);",
  "select pg_catalog.set_config('standard_' || 'conforming_strings', 'off', false);",
  "do $$ begin perform set_config('standard_conforming_' || 'strings', 'off', false); end $$;",
  "set backslash_quote = on; reset standard_conforming_strings;",
  "set standard_conforming_strings = on;",
  "set client_encoding = 'SJIS';",
  "set names 'BIG5';",
  "select set_config('client_' || 'encoding', 'GBK', false);",
  "\\encoding SJIS\n",
];

const PLAIN_COMMANDS = [
  ...[
    "\\set a 1\n",
    "\\echo a\n",
    "\\timing\n",
    "\\x\n",
    "select 1 \\gexec\n",
    "select 'select 1' \\gexec\n",
    "\\unset a\n",
  ],
  ...[
    "select 1 as b \\gset\n",
    "\\if true\n",
    "\\else\n",
    "\\endif\n",
    ":a",
    ":'a'",
    "\\restrict x\n",
    "\\unrestrict x\n",
  ],
  ...["\\set b '\\\\! touch acted'\n", ":b", "select '\\! touch acted' as b \\gset\n", "\\\\", "\\;"],
];

/** What may stand between two pieces, or begin something that swallows the next one. */
const BETWEEN = [
  "",
  " ",
  "\n",
  "\t",
  ";",
  ";\n",
  "'",
  '"',
  "\\",
  "$$",
  "(",
  ")",
  "E",
  "ф",
  "'ф'",
  "'ф\\'",
  "\r\n",
  "\v",
  "\u00a0",
];

const script = fc
  .array(
    fc.tuple(
      fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...STATEMENTS) },
        { weight: 2, arbitrary: fc.constantFrom(...SETTINGS) },
        { weight: 1, arbitrary: fc.constantFrom(...PLAIN_COMMANDS) },
        { weight: 2, arbitrary: fc.constantFrom(...ACTING) },
        // In something quoted, or so it seems.
        {
          weight: 4,
          arbitrary: fc
            .tuple(
              fc.constantFrom("'", "E'", '"', "$$", "$a$", "/*", "-- ", "copy t from stdin;\n", "'ф"),
              fc.constantFrom(...ACTING),
            )
            .map(([open, acting]) => `select ${open}${acting}\n${CLOSING[open] ?? open};\n`),
        },
      ),
      fc.oneof({ weight: 3, arbitrary: fc.constant("\n") }, { weight: 1, arbitrary: fc.constantFrom(...BETWEEN) }),
    ),
    { minLength: 1, maxLength: 7 },
  )
  .map((pieces) => pieces.flat().join(""));

const CLOSING: Readonly<Record<string, string>> = {
  ...{ "E'": "'", "/*": "*/", "-- ": "", "copy t from stdin;\n": "\\.\n", "'ф": "'" },
};

/** Whether the reading finds nothing in it but SQL, also for a psql that cannot be told to obey no command. */
function isPlain(sql: string): boolean {
  let isSql = true;
  const lexer = new SqlLexer({
    ...{ statement: () => undefined, comment: () => undefined, unclear: () => undefined },
    command: (line) => {
      if (line !== "\\.") isSql = false;
    },
  });
  lexer.add(Buffer.from(sql));
  lexer.finish();
  return isSql && accepts(() => requireExact(sql, (what) => new Error(what)));
}

function isHarmless(sql: string): boolean {
  const checked = { file: "x", sql, line: 1, transaction: true, checksum: "" };
  return accepts(() => requireHarmless(checked, { noun: "a script", label: "x", inTransaction: false }));
}

function accepts(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

let folder: string;
let scripts: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgrove-reading-"));
  const { numRuns = 0, seed = Date.now() } = trials(40, 10_000);
  console.log(`reading: PGROVE_TEST_SEED=${seed}`);
  scripts = fc.sample(script, { numRuns, seed });
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const KEY = "a1b2c3";

// psql reads alike in all of them, but for a few rules: the long form tries each.
describe.each(thorough ? [...majors] : [17 as const])("psql %i", (major) => {
  /** Runs each in a folder of its own; resolves with those that left something there. */
  const listActing = async (all: readonly string[], args: string): Promise<string[]> => {
    const server = await sharedServer(major);
    const database = uniqueName();
    await runOk("docker", ["exec", server.container, "psql", "-qXU", "postgres", "-c", `create database ${database}`]);
    const make = "create table t (a text); create table copy (a text)";
    await runOk("docker", ["exec", server.container, "psql", "-qXU", "postgres", "-d", database, "-c", make]);
    const name = uniqueName();
    const place = join(folder, name);
    await mkdir(place);
    await Promise.all(all.map((sql, index) => writeFile(join(place, `${index}.sql`), sql)));
    await runOk("docker", ["cp", "-q", place, `${server.container}:/tmp/${name}`]);
    const one = `psql -XqU postgres -d ${database} ${args} -f ../$f >/dev/null 2>&1 </dev/null`;
    // With no program but psql itself, as long as it leaves nothing: there are thousands of them.
    const loop = `cd /tmp/${name}; set -- *.sql; mkdir d; cd d; for f; do ${one}; for x in *; do [ ! -e "$x" ] || { echo $f; rm -r ./*; break; }; done; done`;
    const said = await runOk("docker", ["exec", server.container, "sh", "-c", `${loop}; rm -rf /tmp/${name}`]);
    return said
      .split("\n")
      .filter((line) => line !== "")
      .map((file) => all[Number.parseInt(file, 10)] ?? file);
  };

  test("runs a program or writes a file only where the reading has found a command, or a doubt", async () => {
    const acting = await listActing(scripts, "");
    expect(acting.length).toBeGreaterThan(scripts.length / 40);
    expect(scripts.filter(isPlain).length).toBeGreaterThan(scripts.length / 40);
    expect(acting.filter(isPlain)).toEqual([]);
  });

  test("does neither once it obeys no command, nor where only harmless ones were sealed in", async () => {
    const restricted = `-c '\\restrict ${KEY}'`;
    expect(await listActing(scripts, restricted)).toEqual([]);
    const sealed = scripts.filter(isHarmless).map((sql) => sealScript(sql, KEY).sql);
    expect(sealed.length).toBeGreaterThan(scripts.length / 40);
    expect(await listActing(sealed, restricted)).toEqual([]);
  });
});

// A body BEGIN ATOMIC … END is left out: where that ends, psql's own versions do not agree, and the exact reading refuses it.
test("statements begin and end where PostgreSQL's own grammar has them", async () => {
  const parser = await loadParser();
  const piece = fc.constantFrom(
    ...[
      "select 1;",
      "select 'a;''b';",
      "select E'a\\';b';",
      "select $$;$$;",
      "select $t$ ; $$ ; $t$;",
      'select 1 ";""";',
    ],
    ...["create rule r as on insert to t do also (select 1; select 2);"],
    ...[
      "do $$ begin null; end $$;",
      "copy (select 1) to stdout;",
      "select 1/**/;",
      "select '\\';",
      "select 'a'\n';b';",
      "select 1 a$b$;",
    ],
  );
  const blank = fc.constantFrom("", " ", "\n", "-- a;\n", "/* ; */", "/* /* ; */ */\n", ";");
  const whole = fc.array(fc.tuple(piece, blank), { maxLength: 8 }).map((all) => all.flat().join(""));
  const property = fc.property(whole, (sql) => {
    const found: { start: number; end: number }[] = [];
    const none = () => undefined;
    const lexer = new SqlLexer({
      ...{ comment: none, command: none, unclear: none },
      statement: (_text, { start, end }) => found.push({ start, end: end - 1 }),
    });
    lexer.add(Buffer.from(sql));
    lexer.finish();
    const text = ({ start, end }: { start: number; end: number }) => sql.slice(start, end).trim();
    expect(found.map(text)).toEqual(parser.parse(sql).map(text));
  });
  fc.assert(property, trials(300, 10_000));
});
