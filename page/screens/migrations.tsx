import type { FindingDocument } from "../../src/answers/migrations.ts";
import { MigrationMatrix } from "../matrix.tsx";
import { Await, Line, Mark, Name, Table } from "../parts.tsx";
import { sayLoss } from "../plan.ts";
import type { ScreenProps } from "../screen.ts";
import { useAnswer } from "../state.ts";
import { bytes, pathOf, plural, quoted, visible, visibleLines } from "../words.ts";

interface PlannedStatement {
  sql: string;
  summary: string;
  tables: { table: string; lock: string; work: string; rows: number; size_bytes: number }[];
  losses: Record<string, unknown>[];
}

interface PlannedMigration {
  version: string;
  name: string;
  file: string;
  destructive: boolean;
  statements: PlannedStatement[];
}

/** Which version is where, what is pending with its SQL, and what lint says. */
export function MigrationsScreen({ target, targets, areAll, ask }: ScreenProps) {
  const lint = useAnswer<{ findings: FindingDocument[] }>("/api/v1/migrations/lint");
  const plan = useAnswer<{ migrations?: PlannedMigration[] }>(pathOf`/api/v1/targets/${target}/migrations/plan`);
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
      <MigrationMatrix
        targets={targets.filter(({ kind }) => kind !== "environment").map(({ name }) => name)}
        areAll={areAll}
      />
      <h2>
        Pending on <Name of={target} />
      </h2>
      <Line words={`pgrove migrate up ${word} --dry-run`} />
      <Await answer={plan} rows={3}>
        {({ migrations = [] }) =>
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
      <Line words="pgrove migrate lint --all" />
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

/** The SQL, and beside it what it does to which tables, what is lost, and what lint says. */
function Pending({ of, findings }: { of: PlannedMigration; findings: readonly FindingDocument[] }) {
  return (
    <details>
      <summary>
        {of.version} <Name of={of.name} /> {of.destructive ? <Mark kind="bad">destroys</Mark> : null}{" "}
        {findings.length === 0 ? null : <Mark kind="warn">{plural(findings.length, "finding")}</Mark>}
      </summary>
      {of.statements.map((statement, at) => (
        <div key={at} class="beside">
          <pre>{visibleLines(statement.sql)}</pre>
          <Impact of={statement} />
        </div>
      ))}
      {findings.map(({ rule, line, message, hint }) => (
        <p key={`${line} ${rule}`}>
          <Mark kind="warn">
            line {line}: {rule}
          </Mark>{" "}
          {visible(message)}
          {hint === null ? null : (
            <>
              <br />
              <span class="dim">next: {visible(hint)}</span>
            </>
          )}
        </p>
      ))}
    </details>
  );
}

const WORK: Readonly<Record<string, string>> = {
  scan: "reads all rows",
  index: "builds an index",
  rewrite: "writes all rows anew",
};

function Impact({ of: { summary, tables, losses } }: { of: PlannedStatement }) {
  return (
    <ul>
      <li>{visible(summary)}</li>
      {tables.map(({ table, lock, work, rows, size_bytes }) => (
        <li key={table}>
          {visible(table)}: {plural(rows, "row")}, {bytes(size_bytes)}; {lock} lock
          {work === "none" ? "" : `; ${WORK[work] ?? work}`}
        </li>
      ))}
      {losses.map((loss, at) => (
        <li key={at} class="lost">
          {visible(sayLoss(loss))}
        </li>
      ))}
    </ul>
  );
}
