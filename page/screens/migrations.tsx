import type { FindingDocument, MigrationStatusDocument } from "../../src/answers/migrations.ts";
import { Await, Line, Mark, Name, Table } from "../parts.tsx";
import type { ScreenProps } from "../screen.ts";
import { type Answer, useAnswer } from "../state.ts";
import { bytes, count, pathOf, quoted, visible } from "../words.ts";

interface PlannedMigration {
  version: string;
  name: string;
  file: string;
  destructive: boolean;
  statements: {
    sql: string;
    summary: string;
    destructive: boolean;
    tables: { table: string; lock: string; work: string; rows: number | null; size_bytes: number | null }[];
  }[];
}

/** Which version is where, what is pending with its SQL, and what lint says. */
export function MigrationsScreen({ target, targets, ask }: ScreenProps) {
  const lint = useAnswer<{ findings: FindingDocument[] }>("/api/v1/migrations/lint");
  const plan = useAnswer<{ migrations: PlannedMigration[] }>(pathOf`/api/v1/targets/${target}/migrations/plan`);
  const word = quoted(target);
  const run = (title: string, body: Record<string, unknown>, flags: string) => () =>
    ask({
      ...{ title: `${title} ${target}`, path: pathOf`/api/v1/targets/${target}/migrate`, body, plans: true },
      ...{ line: `pgrove migrate up -t ${word}${flags}`, typed: target },
    });
  return (
    <>
      <p class="buttons">
        <button type="button" class="main" onClick={run("Migrate", {}, "")}>
          Migrate
        </button>
        <button type="button" onClick={run("Rehearse and migrate", { rehearse: true }, " --rehearse")}>
          Rehearse first
        </button>
      </p>
      <Line words={`pgrove migrate status ${word}`} />
      <Matrix targets={targets.filter(({ kind }) => kind !== "environment").map(({ name }) => name)} />
      <h2>
        Pending on <Name of={target} />
      </h2>
      <Await answer={plan} rows={3}>
        {({ migrations }) =>
          migrations.length === 0 ? (
            <p class="dim">nothing is pending</p>
          ) : (
            migrations.map((each) => (
              <Pending
                key={each.version}
                of={each}
                findings={(lint.data?.findings ?? []).filter(({ file }) => file === each.file)}
              />
            ))
          )
        }
      </Await>
      <h2>Lint</h2>
      <Await answer={lint} rows={3}>
        {({ findings }) => (
          <Table
            label="Lint"
            rows={findings}
            none="nothing found"
            keyOf={({ file, line, column, rule }) => `${file}:${line}:${column}:${rule}`}
            columns={[
              { head: "Place", cell: ({ file, line }) => visible(`${file}:${line}`) },
              {
                head: "Rule",
                cell: ({ level, rule }) => <Mark kind={level === "error" ? "bad" : "warn"}>{rule}</Mark>,
              },
              { head: "What", cell: ({ message }) => visible(message) },
            ]}
          />
        )}
      </Await>
    </>
  );
}

function Pending({ of, findings }: { of: PlannedMigration; findings: readonly FindingDocument[] }) {
  return (
    <details>
      <summary>
        {of.version} <Name of={of.name} /> {of.destructive ? <Mark kind="bad">destroys</Mark> : null}{" "}
        {findings.length === 0 ? null : (
          <Mark kind="warn">{findings.length === 1 ? "a finding" : `${findings.length} findings`}</Mark>
        )}
      </summary>
      {of.statements.map(({ sql, summary, tables }, at) => (
        <div key={at}>
          <pre>{visible(sql.replaceAll("\n", "\u0001")).replaceAll("⟨U+0001⟩", "\n")}</pre>
          <p>
            {visible(summary)}
            {tables.map(({ table, lock, rows, size_bytes }) => (
              <span key={table} class="dim">
                {" "}
                · {visible(table)}: {lock}, {count(rows)} rows, {bytes(size_bytes)}
              </span>
            ))}
          </p>
        </div>
      ))}
    </details>
  );
}

type Status = MigrationStatusDocument;
const CELLS = {
  applied: ["good", "applied"],
  pending: ["warn", "pending"],
  foreign: ["warn", "foreign"],
  doubt: ["bad", "in doubt"],
} as const;
type Cell = keyof typeof CELLS;
/** More would be asked at once than a server bears; the rest is one click away. */
const MOST_TARGETS = 12;

function Matrix({ targets }: { targets: readonly string[] }) {
  const shown = targets.slice(0, MOST_TARGETS);
  return (
    <div class="matrix">
      {shown.map((name) => (
        <MatrixRow key={name} name={name} />
      ))}
      {targets.length > shown.length ? (
        <p class="dim">and {targets.length - shown.length} more: choose one above</p>
      ) : null}
    </div>
  );
}

function MatrixRow({ name }: { name: string }) {
  const answer: Answer<Status> = useAnswer(pathOf`/api/v1/targets/${name}/migrations`);
  return (
    <section class="matrix-row" aria-label={`Migrations of ${name}`}>
      <h3>
        <Name of={name} />
      </h3>
      <Await answer={answer} rows={1}>
        {(status) => {
          const cells = cellsOf(status);
          return cells.length === 0 ? (
            <p class="dim">no migrations</p>
          ) : (
            <ol>
              {cells.map(([version, cell]) => (
                <li key={version}>
                  <Mark kind={CELLS[cell][0]}>
                    {version} {CELLS[cell][1]}
                  </Mark>
                </li>
              ))}
            </ol>
          );
        }}
      </Await>
    </section>
  );
}

/** The newest versions and what each is. */
function cellsOf({ applied, pending, missing, in_doubt }: Status): [string, Cell][] {
  const doubtful = new Set(in_doubt.map(({ version }) => version));
  const foreign = new Set(missing.map(({ version }) => version));
  const cells = new Map<string, Cell>();
  for (const { version } of applied) cells.set(version, foreign.has(version) ? "foreign" : "applied");
  for (const version of foreign) cells.set(version, "foreign");
  for (const { version } of pending) cells.set(version, "pending");
  for (const version of doubtful) cells.set(version, "doubt");
  return [...cells].sort(([a], [b]) => (BigInt(a) < BigInt(b) ? 1 : -1)).slice(0, 20);
}
