import { expect, test } from "bun:test";
import { withEnvironment, writingEnvironment } from "../../../src/postgres/own-settings.ts";

test("the options of a URL and those of a load both reach libpq, the load's last", () => {
  const url = { PGOPTIONS: "-c role=app", PGHOST: "h" };
  expect(withEnvironment(url, { PGOPTIONS: "-c statement_timeout=0" })).toEqual({
    ...{ PGHOST: "h", PGOPTIONS: "-c role=app -c statement_timeout=0" },
  });
  expect(withEnvironment(url)).toEqual(url);
  expect(withEnvironment({ PGHOST: "h" }, { PGUSER: "u" })).toEqual({ PGHOST: "h", PGUSER: "u" });
  const writing = writingEnvironment("pg_restore", url).PGOPTIONS;
  expect(writing).toBe("-c role=app -c default_transaction_read_only=off");
  expect(writingEnvironment("pg_dump", url)).toEqual(url);
});
