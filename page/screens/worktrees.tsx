import type { EpisodeDocument } from "../../src/answers/history.ts";
import type { SnapshotDocument } from "../../src/answers/snapshots.ts";
import type { ListedWorktreeDocument } from "../../src/answers/worktrees.ts";
import { optionsOf } from "../deed.tsx";
import { Await, Bar, type Column, Line, Mark, Name, Table } from "../parts.tsx";
import type { ScreenProps } from "../screen.ts";
import { useAnswer } from "../state.ts";
import { age, bytes, pathOf, plural, quoted } from "../words.ts";

type Worktree = ListedWorktreeDocument;

/** Branch, database, size, migrations, ports, and what can be done with each. */
export function WorktreesScreen({ ask }: ScreenProps) {
  const answer = useAnswer<{ worktrees: Worktree[] }>("/api/v1/worktrees");
  const history = useAnswer<{ history: EpisodeDocument[] }>("/api/v1/history?limit=1000");
  const lastUse = (name: string) =>
    history.data === undefined ? "–" : age(history.data.history.find(({ target }) => target === name)?.at);
  const add = () =>
    ask({
      ...{ title: "New worktree", path: "/api/v1/worktrees", body: {}, field: { key: "branch", label: "Branch" } },
      line: (branch) => `pgrove new ${branch === "" ? "BRANCH" : quoted(branch)}`,
    });
  return (
    <>
      <p class="buttons">
        <button type="button" class="main" onClick={add}>
          New worktree
        </button>
      </p>
      <Line words="pgrove list --changes" />
      <Await answer={answer}>
        {({ worktrees }) => {
          const largest = Math.max(1, ...worktrees.map(({ size_bytes }) => size_bytes ?? 0));
          return (
            <Table
              label="Worktrees"
              rows={worktrees}
              keyOf={({ path }) => path}
              none="no worktrees"
              columns={columnsOf(largest, lastUse, ask)}
            />
          );
        }}
      </Await>
    </>
  );
}

function columnsOf(largest: number, lastUse: (name: string) => string, ask: ScreenProps["ask"]): Column<Worktree>[] {
  return [
    {
      head: "Worktree",
      cell: ({ name, path }) => (
        <span title={path}>
          <Name of={name} />
        </span>
      ),
    },
    {
      head: "Branch",
      cell: ({ branch, uncommitted }) => (
        <>
          {branch === null ? <span class="dim">detached</span> : <Name of={branch} />}{" "}
          {uncommitted ? <Mark kind="warn">{plural(uncommitted, "change")}</Mark> : null}
        </>
      ),
    },
    { head: "Database", cell: ({ database }) => (database ? <Name of={database} /> : "–") },
    {
      head: "Size",
      right: true,
      cell: ({ size_bytes }) => (
        <span class="sized">
          {bytes(size_bytes)} <Bar share={(size_bytes ?? 0) / largest} />
        </span>
      ),
    },
    { head: "Migrations", cell: ({ migrations }) => <Migrations of={migrations} /> },
    {
      head: "Ports",
      cell: ({ ports }) =>
        Object.keys(ports).length === 0
          ? "–"
          : Object.entries(ports).map(([name, port]) => (
              <a key={name} class="word" href={`http://127.0.0.1:${port}/`} target="_blank" rel="noreferrer">
                {name} {port}{" "}
              </a>
            )),
    },
    { head: "Last used", cell: ({ name }) => <span class="age">{lastUse(name)}</span> },
    { head: "State", cell: (each) => <State of={each} /> },
    { head: "Do", cell: (each) => <Deeds of={each} ask={ask} /> },
  ];
}

function Migrations({ of }: { of: Worktree["migrations"] }) {
  if (of === null) return <>–</>;
  const { version, pending, not_in_branch } = of;
  return (
    <>
      <span class="dim">{version ?? "none"}</span>{" "}
      {pending === 0 ? <Mark kind="good">up to date</Mark> : <Mark kind="warn">{pending} behind</Mark>}
      {not_in_branch === 0 ? null : <Mark kind="warn">{not_in_branch} foreign</Mark>}
    </>
  );
}

function State({ of }: { of: Worktree }) {
  const { state, server, database_exists, missing, parked, away } = of;
  if (parked) return <Mark kind="dim">parked</Mark>;
  if (away !== null) return <Mark kind="warn">away</Mark>;
  if (missing) return <Mark kind="bad">gone</Mark>;
  if (state !== "ready") return <Mark kind="warn">{state.replaceAll("_", " ")}</Mark>;
  if (database_exists === false) return <Mark kind="bad">no database</Mark>;
  return <Mark kind={server === "running" ? "good" : "bad"}>{server ?? "unknown"}</Mark>;
}

const REMOVAL = [
  { key: "force", label: "also with changes that are in no commit", word: "--force" },
  { key: "delete_branch", label: "the branch, too", word: "--delete-branch" },
  { key: "keep_database", label: "the database stays", word: "--keep-database" },
];

function Deeds({ of, ask }: { of: Worktree; ask: ScreenProps["ask"] }) {
  const { name, main } = of;
  const word = quoted(name);
  const snapshots = pathOf`/api/v1/targets/${name}/snapshots`;
  const destroys = { body: {}, typed: name, plans: true };
  const snapshot = () =>
    ask({
      ...{ title: `Snapshot ${name}`, path: snapshots, body: {}, plans: true },
      line: (given) => `pgrove snapshot ${given === "" ? "" : `${quoted(given)} `}-t ${word}`,
      field: { key: "name", label: "Name", optional: true },
    });
  const options = optionsOf<SnapshotDocument>(snapshots, "snapshots", (each) => ({
    ...{ value: each.name, label: `${each.name}, ${age(each.taken_at)}, ${bytes(each.size_bytes)}` },
  }));
  const rewind = () =>
    ask({
      ...{ ...destroys, title: `Rewind ${name}`, path: pathOf`/api/v1/targets/${name}/rewind` },
      line: (chosen) => `pgrove rewind ${chosen === "" ? "" : `${quoted(chosen)} `}-t ${word}`,
      field: { key: "name", label: "To", optional: true, options },
    });
  const reset = () =>
    ask({
      ...{ ...destroys, title: `Reset ${name}`, path: pathOf`/api/v1/targets/${name}/reset` },
      line: `pgrove reset ${word}`,
    });
  const remove = () =>
    ask({
      ...{ ...destroys, title: `Remove ${name}`, path: pathOf`/api/v1/worktrees/${name}/remove` },
      ...{ line: `pgrove remove ${word}`, flags: REMOVAL },
    });
  return (
    <span class="deeds">
      <button type="button" onClick={snapshot}>
        Snapshot
      </button>
      <button type="button" onClick={rewind}>
        Rewind
      </button>
      {main ? null : (
        <>
          <button type="button" onClick={reset}>
            Reset
          </button>
          <button type="button" class="danger" onClick={remove}>
            Remove
          </button>
        </>
      )}
    </span>
  );
}
