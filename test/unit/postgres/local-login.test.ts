import { expect, test } from "bun:test";
import { closesSocket } from "../../../src/postgres/local-login.ts";

test.each([
  [undefined, false],
  ["", false],
  ["--data-checksums --auth-host=reject", false],
  ["--auth-local=trust", false],
  ["--auth=reject --auth-local scram-sha-256", false],
  ["--auth-local=peer", true],
  ["--auth-local reject", true],
  ["-A peer", true],
  ["--auth=ident", true],
])("initdb's %p closes the socket: %p", (given, expected) => {
  expect(closesSocket(given)).toBe(expected);
});
