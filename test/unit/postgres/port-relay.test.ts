import { expect, test } from "bun:test";
import { connect } from "node:net";
import { Duplex } from "node:stream";
import { findSocketOwner, openPortRelay } from "../../../src/postgres/port-relay.ts";

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 1 1 0 100 0 0 10 0
   1: 0100007F:A001 0100007F:1538 01 00000000:00000000 00:00000000 00000000  1000        0 2 1 0 20 4 30 10 -1
   2: 0100007F:1538 0100007F:A001 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1`;

test("whose socket it is, is read from the client's own line", () => {
  expect(findSocketOwner(TABLE, 0xa001, 0x1538)).toBe(1000);
  expect(findSocketOwner(TABLE, 0xa002, 0x1538)).toBeUndefined();
});

/** A far end that says back what it hears, and leaves when it is told no more. */
function echo(heard: string[]): Duplex {
  return new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      heard.push(String(chunk));
      this.push(chunk);
      done();
    },
    final(done) {
      heard.push("end");
      this.push(null);
      done();
    },
  });
}

test("bytes go both ways, and the far end is told when the near one leaves", async () => {
  const heard: string[] = [];
  const relay = await openPortRelay(() => echo(heard));
  const client = connect({ host: relay.host, port: relay.port });
  client.write("hello");
  const [answer] = await new Promise<Buffer[]>((resolve) => client.once("data", (chunk) => resolve([chunk as Buffer])));
  expect(String(answer)).toBe("hello");
  client.end();
  await new Promise((resolve) => client.once("close", resolve));
  await relay.close();
  expect(heard).toEqual(["hello", "end"]);
});

test("what is still open at its end is ended, and no one comes after it", async () => {
  const heard: string[] = [];
  const relay = await openPortRelay(() => echo(heard));
  const client = connect({ host: relay.host, port: relay.port });
  client.write("hello");
  await new Promise((resolve) => client.once("data", resolve));
  const closed = new Promise((resolve) => client.once("close", resolve));
  await relay.close();
  await closed;
  expect(heard).toEqual(["hello", "end"]);
  const late = connect({ host: relay.host, port: relay.port });
  expect(await new Promise((resolve) => late.once("error", ({ message }) => resolve(message)))).toContain(
    "ECONNREFUSED",
  );
});
