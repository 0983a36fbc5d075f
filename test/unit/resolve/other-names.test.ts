import { expect, test } from "bun:test";
import { linesInUsualNames } from "../../../src/resolve/other-names.ts";

test("a URL under another name", () => {
  const variables = { REDIS_URL: "redis://h", POSTGRES_URL: "postgres://u@h/d", OTHER_URL: "postgres://u@h/e" };
  expect(linesInUsualNames(variables)).toEqual([`DATABASE_URL="\${POSTGRES_URL}"`]);
});

test("parts under another beginning, with a host and a database among them", () => {
  const laravel = { REDIS_HOST: "x", DB_HOST: "h", DB_DATABASE: "d", DB_USERNAME: "u" };
  expect(linesInUsualNames(laravel)).toEqual([
    "DATABASE_HOST, as DB_HOST has it",
    "DATABASE_NAME, as DB_DATABASE has it",
    "DATABASE_USER, as DB_USERNAME has it",
  ]);
  expect(linesInUsualNames({ REDIS_HOST: "x", APP_NAME: "shop", DB_PASSWORD: "p" })).toEqual([]);
});
