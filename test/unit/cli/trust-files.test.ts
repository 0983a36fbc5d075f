import { expect, test } from "bun:test";
import { namedInStep } from "../../../src/cli/trust-files.ts";

test.each([
  ["pgrove sql -f db/a.sql", ["db/a.sql"]],
  ["pgrove sql<db/a.sql", ["db/a.sql"]],
  ["cat 'db/a.sql' \"b.sql.gz\" | pgrove sql", ["db/a.sql", "b.sql.gz"]],
  ["(pgrove restore main.dump --yes); pgrove sql --file=x.SQL", ["main.dump", "x.SQL"]],
  ["npm ci && ./make.sh", []],
])("%s names its SQL files and dumps", (step, files) => {
  expect(namedInStep(step)).toEqual(files);
});
