import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { KNOWN_POSTGRES_JS } from "../../../src/postgres/known-library.ts";

const ROOT = join(import.meta.dir, "../../..");
const read = (path: string) => JSON.parse(readFileSync(join(ROOT, path), "utf8"));

test("the postgres.js that is named and the one that is installed are the one whose inside is known", () => {
  expect(read("package.json").dependencies.postgres).toBe(KNOWN_POSTGRES_JS);
  expect(read("node_modules/postgres/package.json").version).toBe(KNOWN_POSTGRES_JS);
});
