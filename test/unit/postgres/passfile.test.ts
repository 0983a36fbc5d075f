import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPassfilePassword } from "../../../src/postgres/passfile.ts";
import { parseConnectionUrl } from "../../../src/postgres/url.ts";

const folder = mkdtempSync(join(tmpdir(), "pgrove-pass-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, "pass");
const lines = [
  "# all",
  "h:5432:d:u:one",
  "h:*:*:u:two\\:three:four",
  "localhost:6:*:*:sock\\\\et",
  "fd00\\:\\:1:*:*:*:six",
  "x:1:d:u:",
];
writeFileSync(file, `${lines.join("\r\n")}\r\n*:*:*:any:last\n`, { mode: 0o600 });

const passwordFor = (url: string) =>
  findPassfilePassword(
    parseConnectionUrl(`${url}${url.includes("?") ? "&" : "?"}passfile=${encodeURIComponent(file)}`),
  );

test.each([
  ["postgres://u@h/d", "one"],
  ["postgres://u@h/other", "two:three:four"],
  ["postgres://v@h/d", undefined],
  ["postgres://v@/d?host=/tmp&port=6", "sock\\et"],
  ["postgres://v@/d?host=/elsewhere&port=6", undefined],
  ["postgres://v@[fd00::1]/d", "six"],
  ["postgres://u@x:1/d", undefined],
  ["postgres://any@anywhere/d", "last"],
])("the first line that fits counts: %s", async (url, password) => {
  expect(await passwordFor(url)).toBe(password as string);
});

test("a file that others may read, or that is not there, has none", async () => {
  chmodSync(file, 0o644);
  expect(await passwordFor("postgres://u@h/d")).toBeUndefined();
  rmSync(file);
  expect(await passwordFor("postgres://u@h/d")).toBeUndefined();
});
