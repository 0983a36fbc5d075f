// What must survive, in 34 groups, and the tests that try it: a run says of each group how many it has tried, and what was lost.

/** A place is a file of test/, or `file > a part of the test's whole name`. */
const GROUPS = [
  group(1, "a dump is interrupted", "e2e/faults/dump-interrupted"),
  group(2, "the server dies during a dump", "e2e/faults/dump-failing > fault 2"),
  group(3, "no room, or no folder, for a dump", "e2e/faults/dump-disk"),
  group(4, "pg_dump fails late", "e2e/faults/dump-failing > fault 4"),
  group(5, "names and clocks", "e2e/faults/contention > fault 5", "integration/faults/clock"),
  group(6, "a dump beside a migration", "e2e/faults/contention > fault 6"),
  group(
    7,
    "damaged dumps",
    "e2e/faults/restore-damaged",
    "integration/dump/cut-off",
    "integration/dump/foreign > is refused",
  ),
  group(
    8,
    "a restore is interrupted",
    "e2e/faults/restore-interrupted",
    "e2e/faults/copy-interrupted",
    "e2e/faults/rewind-killed",
  ),
  group(9, "an SQL error half-way", "e2e/faults/restore-damaged > fault 9"),
  group(10, "two restores at once", "e2e/faults/contention > fault 10"),
  group(11, "what the server lacks", "integration/dump/missing", "integration/dump/upgrade > downwards"),
  group(12, "others in the database", "e2e/faults/contention > fault 12", "integration/copy/in-use"),
  group(13, "all of a database comes back", "integration/dump/properties", "integration/dump/every-kind"),
  group(14, "services run again", "e2e/faults/services", "integration/copy/services"),
  group(
    15,
    "names of any kind",
    "e2e/worktrees/names",
    "e2e/seed/hostile",
    "e2e/migrate/places > names that need quotes",
  ),
  group(16, "names that climb out of the store", "e2e/faults/names"),
  group(17, "broken configuration", "unit/config/"),
  group(18, "a repository that is hostile", "e2e/faults/hostile", "e2e/hooks > what a branch wants restored"),
  group(19, "secrets", "e2e/faults/secrets", "e2e/faults/canaries"),
  group(20, "two of new at once", "e2e/worktrees/concurrency"),
  group(21, "new, remove and prune are killed", "e2e/worktrees/killed"),
  group(22, "a registry that is damaged", "unit/repo/registry", "unit/repo/state-files-fuzz"),
  group(23, "worktrees that move and return", "e2e/worktrees/identity", "integration/worktree/meanwhile"),
  group(
    24,
    "no engine, or another one",
    "e2e/worktrees/remove > docker stopped",
    "e2e/faults/hostile > says that docker is missing",
  ),
  group(25, "migrations are killed", "e2e/migrate/killed"),
  group(26, "two that migrate at once", "e2e/migrate/runners"),
  group(27, "migration files that change", "e2e/migrate/branches"),
  group(28, "a seed that fails half-way", "e2e/seed/interrupted", "e2e/seed/failing"),
  group(
    29,
    "what acts before it was approved",
    "e2e/hooks > trust",
    "unit/repo/trust",
    "e2e/hooks > what a branch wants restored",
  ),
  group(30, "what cannot be seen is not gone", "e2e/worktrees/prune > a worktree that is away", "e2e/worktrees/park"),
  group(
    31,
    "what changes behind a question",
    "e2e/worktrees/made-meanwhile",
    "integration/copy/agreed",
    "e2e/worktrees/remove-whole",
  ),
  group(32, "one database of several names", "unit/resolve/protection", "integration/work/guard"),
  group(33, "streams that end early", "e2e/faults/sql-interrupted", "e2e/sql-notices", "e2e/faults/relay"),
  group(34, "readers of every kind", "e2e/output"),
];

function group(number, title, ...places) {
  return { number, title, places };
}

/** The table's lines. `empty` names the places of which no test has run: of a whole run each has to have some. */
export function describeFaults(tests) {
  const empty = [];
  const all = new Set();
  const rows = GROUPS.map(({ number, title, places }) => {
    const own = new Set();
    for (const place of places) {
      const found = tests.filter((each) => each.outcome !== "skipped" && isAt(place, each));
      if (found.length === 0) empty.push(`fault ${number}: ${place}`);
      for (const each of found) own.add(each);
    }
    for (const each of own) all.add(each);
    return formatRow(number, title, countOutcomes(own));
  });
  const head = formatRow("", "what must survive, in tests", ["tried", "survived", "lost"]);
  return { lines: [head, ...rows, formatRow("", "all, each test once", countOutcomes(all))], empty };
}

function countOutcomes(tests) {
  const survived = [...tests].filter(({ outcome }) => outcome === "passed").length;
  return [tests.size, survived, tests.size - survived];
}

function isAt(place, { file, name }) {
  const [path, part = ""] = place.split(" > ");
  return file.startsWith(`test/${path}`) && name.includes(part);
}

function formatRow(number, title, figures) {
  const columns = figures.map((figure) => String(figure).padStart(9)).join("");
  return `${String(number).padStart(2)}  ${title.padEnd(36)}${columns}`;
}
