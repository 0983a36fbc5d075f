import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { connect, createServer, type Server } from "node:net";
import postgres from "postgres";
import { copyIn } from "../../../src/seed/load/copy-stream.ts";
import { uniqueName } from "../../support/database.ts";
import { sharedServer } from "../../support/engine/server.ts";

const QUIET_MS = 40;

setDefaultTimeout(20_000);

/** Hands on what the server says only when it has paused: the wish for rows and an error then come as one. */
function joinAnswers(port: number): Promise<Server> {
  const relay = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    let held: Buffer[] = [];
    let timer: Timer | undefined;
    client.on("data", (data) => upstream.write(data)).on("close", () => upstream.destroy());
    client.on("error", () => upstream.destroy());
    upstream.on("error", () => client.destroy()).on("close", () => client.end());
    upstream.on("data", (data: Buffer) => {
      held.push(data);
      clearTimeout(timer);
      timer = setTimeout(() => {
        client.write(Buffer.concat(held));
        held = [];
      }, QUIET_MS);
    });
  });
  return new Promise((resolve) => {
    relay.listen(0, "127.0.0.1", () => resolve(relay));
  });
}

let relay: Server;
let sql: postgres.Sql;
beforeAll(async () => {
  const server = await sharedServer(17);
  const database = uniqueName("copy_stream");
  await server.createDatabase(database);
  await server.psql(
    database,
    `create table fruit (id int primary key);
     create table closed (id int);
     create function refuse() returns trigger language plpgsql as $$ begin raise exception 'none of these'; end $$;
     create trigger refuse before insert on closed for each statement execute function refuse();`,
  );
  relay = await joinAnswers(server.port ?? 0);
  const address = relay.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { user, password } = server;
  sql = postgres({ host: "127.0.0.1", port, user, password, database, max: 1, fetch_types: false });
});
afterAll(async () => {
  await sql.end({ timeout: 1 });
  relay.close();
});

const lines = (...ids: readonly (number | string)[]) => ids.map((id) => new TextEncoder().encode(`${id}\n`));

test.each([
  { when: "before it begins", statement: "copy nothing from stdin", rows: lines(1), says: 'relation "nothing"' },
  {
    when: "together with the wish for rows",
    statement: "copy closed from stdin",
    rows: lines(1),
    says: "none of these",
  },
  { when: "on the way", statement: "copy fruit from stdin", rows: lines(1, "pear", 3), says: '"pear"' },
  { when: "behind the last row", statement: "copy fruit from stdin", rows: lines(7, 7), says: "duplicate key" },
])("an error that comes $when ends the COPY, and the session goes on", async ({ statement, rows, says }) => {
  await expect(copyIn(sql, statement, rows)).rejects.toThrow(says);
  const [row] = await sql`select count(*)::int from fruit`;
  expect(row?.count).toBe(0);
});

test("an error of the rows' own ends it, too", async () => {
  const broken = function* () {
    yield* lines(1, 2);
    throw new Error("no more");
  };
  await expect(copyIn(sql, "copy fruit from stdin", broken())).rejects.toThrow("no more");
  expect(await copyIn(sql, "copy fruit from stdin", lines(1, 2, 3))).toBe(3);
  await sql`truncate fruit`;
});
