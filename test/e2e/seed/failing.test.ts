/** A seed that fails half-way leaves nothing of itself, wherever it fails, and says what it failed at. */
import { expect, test } from "bun:test";
import { sharedServer } from "../../support/engine/server.ts";
import { readSeedState, sessionsIn } from "../../support/seed/state.ts";
import { Grove } from "../../support/worktrees/grove.ts";

const SHOP = `
  create table customer (id bigint generated always as identity primary key, email text not null unique, born date);
  create table purchase (id int primary key, customer_id bigint not null references customer on delete cascade, amount int not null);
  create index on purchase (customer_id);
  insert into customer (email) values ('there@example.test');
  insert into purchase values (1, 1, 5);`;

/** Refuses one row at the very end of the transaction. */
const AT_COMMIT = `
  create function look() returns trigger language plpgsql as $$ begin
    if new.id = 50 then raise exception 'purchase 50 is not wanted'; end if; return null; end $$;
  create constraint trigger look after insert on purchase deferrable initially deferred for each row execute function look();`;

/** What the two tables take; their rows are made after those that are there. */
const factories = (fields: string) => ({ "seeds/factories.yaml": `entities: {purchase: {fields: ${fields}}}\n` });

interface Case {
  what: string;
  sql?: string;
  files: Record<string, string>;
  words: string[];
  code?: number;
  says: (string | RegExp)[];
}

const cases: Case[] = [
  {
    what: "SQL files: a statement of the second one",
    files: {
      "seeds/base.sql": "insert into customer (email) values ('base@example.test');\ncreate table extra (id int);",
      "seeds/main.sql":
        "insert into customer (email) values ('main@example.test');\ninsert into purchase values (2, 99, 1);",
    },
    words: [],
    says: ["seeds/main.sql", "purchase_customer_id_fkey", "nothing of this run is in the database"],
  },
  {
    what: "SQL files: a row of COPY",
    files: {
      "seeds/base.sql": "insert into customer (email) values ('base@example.test');",
      "seeds/main.sql": "copy purchase from stdin;\n2\t1\t10\n3\t1\tten\n\\.\n",
    },
    words: [],
    says: ["seeds/main.sql", 'column amount: "ten"'],
  },
  {
    what: "SQL files: a constraint that is checked at the end",
    sql: AT_COMMIT,
    files: { "seeds/base.sql": "insert into purchase values (50, 1, 1);" },
    words: [],
    says: ["purchase 50 is not wanted"],
  },
  ...[100, 3000].map((rows) => ({
    what: `${rows} rows: a value that its type does not take`,
    files: factories("{amount: {expression: \"row = 77 ? 'seventy-seven' : row\"}}"),
    words: ["customer", "purchase", String(rows)],
    says: ['purchase, row 77, field amount = "seventy-seven"', "seeds/factories.yaml:1:"],
  })),
  ...[100, 3000].map((rows) => ({
    what: `${rows} rows: a check that cannot be read`,
    sql: "alter table purchase add constraint not_77 check (amount * 2 <> 154)",
    files: factories("{amount: row}"),
    words: ["customer", "purchase", String(rows)],
    says: [/^error: purchase.* field amount/, "not_77"],
  })),
  {
    what: "a rule of several rows, at the end of the transaction",
    sql: AT_COMMIT,
    files: {},
    words: ["customer", "purchase", "80"],
    says: ["purchase 50 is not wanted"],
  },
  {
    what: "a later table: those before it go, too",
    sql: "create function no() returns trigger language plpgsql as $$ begin raise exception 'no purchases'; end $$; create trigger no before insert on purchase for each statement execute function no()",
    files: {},
    words: ["customer", "purchase", "3000"],
    says: ["purchase", "no purchases"],
  },
  {
    what: "after cleaning: what was there is there",
    files: factories("{amount: {constant: many}}"),
    words: ["--clean-force", "customer", "purchase", "30"],
    says: ["purchase", "field amount"],
  },
  {
    what: "many rows into an empty table: a key that its rows break, found when it is built again",
    sql: "truncate customer, purchase; create unique index twice on purchase ((amount / 2)); create index on purchase (amount)",
    files: factories("{amount: row}"),
    words: ["customer", "purchase", "100000"],
    says: ["purchase", "twice"],
  },
];

for (const { what, sql = "", files, words, code = 1, says } of cases) {
  test(`${what}`, async () => {
    await using grove = await Grove.create(await sharedServer(17), { sql: `${SHOP}${sql}` });
    await grove.commit("seeds", { "seeds/keep": "", ...files });
    const before = await readSeedState(grove);
    const said = await grove.fails(code, ["seed", ...words]);
    for (const words of says) expect(said).toMatch(words);
    expect(said).not.toMatch(/\bat .*\.ts:|\bbug\b/);
    expect(await readSeedState(grove)).toEqual(before);
    expect(await sessionsIn(grove)).toEqual([]);
  });
}
