/** The example's five families: every relation holds, and the shares are those that the file asks for. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sharedServer } from "../../support/engine/server.ts";
import { families, makeDevpocket } from "../../support/seed/devpocket.ts";
import type { Grove } from "../../support/worktrees/grove.ts";

const USERS = 600;

let grove: Grove;
beforeAll(async () => {
  grove = await makeDevpocket(await sharedServer(17));
  await grove.ok(["seed", "all", String(USERS)]);
});
afterAll(() => grove?.[Symbol.asyncDispose]());

const ask = (query: string) => grove.ask(grove.project, query);
const count = async (rows: string) => Number(await ask(`select count(*)::int from ${rows}`));

test("every foreign key: valid, and without a row that refers to nothing", async () => {
  const keys = (await ask(`select json_agg(json_build_object('name', conname, 'valid', convalidated,
      'child', conrelid::regclass, 'parent', confrelid::regclass,
      'same', (select string_agg(format('p.%I = c.%I', f.attname, a.attname), ' and ')
                 from unnest(conkey, confkey) as k(own, far)
                 join pg_attribute a on a.attrelid = conrelid and a.attnum = own
                 join pg_attribute f on f.attrelid = confrelid and f.attnum = far),
      'given', (select string_agg(format('c.%I is not null', attname), ' and ')
                  from pg_attribute where attrelid = conrelid and attnum = any (conkey))))
    from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace`)) as Record<string, string>[];
  expect(keys.map(({ name }) => name).sort()).toEqual([
    "commands_session_id_fkey",
    "sessions_ssh_profile_id_fkey",
    "sessions_user_id_fkey",
    "ssh_profiles_user_id_fkey",
    "sync_data_user_id_fkey",
  ]);
  for (const { name, valid, child, parent, same, given } of keys) {
    expect(String(valid), name).toBe("true");
    expect(await count(`${child} c where ${given}`), name).toBeGreaterThan(USERS / 2);
    expect(await count(`${child} c where ${given} and not exists (select from ${parent} p where ${same})`), name).toBe(
      0,
    );
  }
});

describe("how many belong to each", () => {
  const fanOuts = [
    { child: "ssh_profiles", parent: "users", key: "user_id", shares: { 1: 0.2, 3: 0.7, 8: 0.1 } },
    { child: "sessions", parent: "users", key: "user_id", shares: { 1: 0.25, 2: 0.25, 3: 0.25, 4: 0.25 } },
    { child: "commands", parent: "sessions", key: "session_id", shares: { 0: 0.1, 3: 0.4, 10: 0.4, 40: 0.1 } },
    { child: "sync_data", parent: "users", key: "user_id", shares: { 1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1 } },
  ];
  test.each(fanOuts)("$child of $parent", async ({ child, parent, key, shares }) => {
    const each = `select count(c.${key})::int as n from ${parent} p left join ${child} c on c.${key} = p.id group by p.id`;
    expectShares(await readShares(`select n::text as value from (${each}) counts`), shares);
  });
});

describe("how often", () => {
  const shares = [
    { column: "users.tier", shares: { free: 80, pro: 15, team: 5 } },
    { column: "users.is_active", shares: { true: 9, false: 1 } },
    { column: "ssh_profiles.auth_method", shares: { key: 75, password: 15, agent: 10 } },
    { column: "sessions.device_type", shares: { phone: 45, laptop: 35, tablet: 12, desktop: 8 } },
    { column: "commands.exit_code", shares: { 0: 85, 1: 9, 2: 2, 126: 1, 127: 2, 130: 1 } },
    { column: "sync_data.conflict", shares: { none: 90, local: 4, remote: 4, merged: 2 } },
  ];
  test.each(shares)("$column", async ({ column, shares }) => {
    const [table, name] = column.split(".");
    expectShares(await readShares(`select ${name}::text as value from ${table}`), shares);
  });
});

test("what hangs together does: profiles of the same user, fingerprints of the key, errors where a command failed", async () => {
  const through = "sessions s join ssh_profiles p on p.id = s.ssh_profile_id";
  expect(await count(`${through} where p.user_id = s.user_id`)).toBeGreaterThan(USERS);
  expect(await count(`${through} where p.user_id <> s.user_id`)).toBe(0);
  const digest = "sha256(decode(split_part(public_key, ' ', 2), 'base64'))";
  expect(await count("ssh_profiles where fingerprint like 'SHA256:%'")).toBeGreaterThan(USERS);
  expect(await count(`ssh_profiles where fingerprint <> 'SHA256:' || rtrim(encode(${digest}, 'base64'), '=')`)).toBe(0);
  expect(await count("commands where (exit_code = 0) <> (error is null)")).toBe(0);
  expect(await count("commands where suggested <> (explanation is not null)")).toBe(0);
  expect(await count("(select distinct lower(email) from users) e")).toBe(USERS);
  expect(await count("users where email not like '%_@example.test' or password_hash not like '$argon2id$v=19$%'")).toBe(
    0,
  );
});

describe("times in their order", () => {
  const now = "'2026-01-01'::timestamptz";
  const never = [
    `users where updated_at < created_at or last_login_at < created_at`,
    `users where not created_at between ${now} - interval '730 days' and ${now}`,
    `ssh_profiles where last_used_at < created_at`,
    `sessions where not ended_at between started_at and started_at + interval '4 hours'`,
    `sync_data where not synced_at between created_at and created_at + interval '2 days'`,
    `commands where not executed_at between ${now} - interval '90 days' and ${now}`,
    ...["users.updated_at", "users.last_login_at", "ssh_profiles.last_used_at", "sessions.ended_at"].map((column) => {
      const [table, name] = column.split(".");
      return `${table} where ${name} > ${now}`;
    }),
  ];
  test.each(never)("there are no %s", async (rows) => {
    expect(await count(rows)).toBe(0);
  });

  test("more accounts lately, most work in office hours on weekdays", async () => {
    const lately = await count(`users where created_at > ${now} - interval '365 days'`);
    expect(lately / USERS).toBeGreaterThan(0.7); // growth by the square root: 75 %
    const utc = "started_at at time zone 'UTC'";
    const working = `extract(isodow from ${utc}) <= 5 and extract(hour from ${utc}) between 8 and 17`;
    expect((await count(`sessions where ${working}`)) / (await count("sessions"))).toBeGreaterThan(0.85);
  });
});

test("sequences are ahead of the rows: a program that inserts meets none of them", async () => {
  for (const family of families.filter((each) => each !== "sessions")) {
    const next = `select nextval(pg_get_serial_sequence('${family}', 'id'))::int - (select max(id) from ${family})::int`;
    expect(await ask(next), family).toBe(1);
  }
});

/** How often each value comes, of a query of one column named `value`. */
async function readShares(query: string): Promise<Record<string, number>> {
  return (await ask(
    `select json_object_agg(value, n) from (select value, count(*) as n from (${query}) v group by value) counts`,
  )) as Record<string, number>;
}

/** Chi-square at one in a thousand: with fixed seeds it holds or it does not, and never by chance. */
function expectShares(counts: Record<string, number>, weights: Record<string, number>): void {
  expect(Object.keys(counts).sort()).toEqual(Object.keys(weights).sort());
  const sum = (numbers: number[]) => numbers.reduce((total, each) => total + each, 0);
  const [total, weight] = [sum(Object.values(counts)), sum(Object.values(weights))];
  const distance = sum(
    Object.entries(weights).map(([value, share]) => {
      const expected = (total * share) / weight;
      return ((counts[value] ?? 0) - expected) ** 2 / expected;
    }),
  );
  const limits = [0, 10.83, 13.82, 16.27, 18.47, 20.52]; // by degrees of freedom
  expect(distance).toBeLessThan(limits[Object.keys(weights).length - 1] ?? 0);
}
