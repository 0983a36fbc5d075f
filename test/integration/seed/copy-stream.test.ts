import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, createServer, type Server } from "node:net";
import postgres from "postgres";
import { copyIn } from "../../../src/seed/load/copy-stream.ts";
import { uniqueName } from "../../support/database.ts";
import { sharedServer } from "../../support/engine/server.ts";

/** What the server says, by the letter of the message: that it wants rows, that something is wrong, that it is ready. */
const [WANTS_ROWS, ERROR, READY] = ["G", "E", "Z"];

/** Between postgres.js and the server: what comes can be made to come together. */
interface Relay {
  server: Server;
  /** The wish for rows is kept back until all that the server says without any rows is there. */
  keepsWishes: boolean;
  /** The messages that were handed on as one, where there was more than one. */
  together: string[];
}

/** Hands on an error only with what the server says behind it. */
function joinAnswers(port: number): Promise<Relay> {
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    let unread = Buffer.alloc(0);
    let held: Buffer[] = [];
    let letters = "";
    const handOn = () => {
      if (letters.length > 1) relay.together.push(letters);
      client.write(Buffer.concat(held));
      [held, letters] = [[], ""];
    };
    client.on("data", (data) => upstream.write(data)).on("close", () => upstream.destroy());
    client.on("error", () => upstream.destroy());
    upstream.on("error", () => client.destroy()).on("close", () => client.end());
    upstream.on("data", (data: Buffer) => {
      unread = Buffer.concat([unread, data]);
      for (let size = sizeOfMessage(unread); size <= unread.length; size = sizeOfMessage(unread)) {
        const letter = String.fromCharCode(unread[0] ?? 0);
        held.push(unread.subarray(0, size));
        letters += letter;
        unread = unread.subarray(size);
        const isKept = letters.includes(ERROR) || (relay.keepsWishes && letters.includes(WANTS_ROWS));
        if (letter === READY || !isKept) handOn();
      }
    });
  });
  const relay: Relay = { server, keepsWishes: false, together: [] };
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(relay));
  });
}

/** How many bytes the first message takes: a letter, and a length that counts itself. */
function sizeOfMessage(bytes: Buffer): number {
  return bytes.length < 5 ? Number.POSITIVE_INFINITY : 1 + bytes.readInt32BE(1);
}

let relay: Relay;
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
  const address = relay.server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { user, password } = server;
  sql = postgres({ host: "127.0.0.1", port, user, password, database, max: 1, fetch_types: false });
});
afterAll(async () => {
  await sql.end({ timeout: 1 });
  relay.server.close();
});

const lines = (...ids: readonly (number | string)[]) => ids.map((id) => new TextEncoder().encode(`${id}\n`));

const REFUSED = `${ERROR}${READY}`;

test.each([
  {
    ...{ when: "before it begins", statement: "copy nothing from stdin", rows: lines(1) },
    ...{ says: 'relation "nothing"', keepsWishes: false, together: REFUSED },
  },
  {
    ...{ when: "together with the wish for rows", statement: "copy closed from stdin", rows: lines(1) },
    ...{ says: "none of these", keepsWishes: true, together: `${WANTS_ROWS}${REFUSED}` },
  },
  {
    ...{ when: "on the way", statement: "copy fruit from stdin", rows: lines(1, "pear", 3) },
    ...{ says: '"pear"', keepsWishes: false, together: REFUSED },
  },
  {
    ...{ when: "behind the last row", statement: "copy fruit from stdin", rows: lines(7, 7) },
    ...{ says: "duplicate key", keepsWishes: false, together: REFUSED },
  },
])("an error that comes $when ends the COPY, and the session goes on", async (given) => {
  await sql`select 1`; // connected
  Object.assign(relay, { keepsWishes: given.keepsWishes, together: [] });
  await expect(copyIn(sql, given.statement, given.rows)).rejects.toThrow(given.says);
  expect(relay.together).toEqual([given.together]); // so it did come
  relay.keepsWishes = false;
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
