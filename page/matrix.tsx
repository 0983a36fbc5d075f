/** Which migration is applied where: a row for each worktree, a column for each of the newest versions. */

import { useState } from "preact/hooks";
import type { MigrationStatusDocument } from "../src/answers/migrations.ts";
import { Mark, Name } from "./parts.tsx";
import { type Answer, useAnswers } from "./state.ts";
import { pathOf, visible } from "./words.ts";

const CELLS = {
  applied: { kind: "good", word: "applied" },
  pending: { kind: "warn", word: "pending" },
  foreign: { kind: "warn", word: "foreign" },
  doubt: { kind: "bad", word: "in doubt" },
} as const;
type Cell = keyof typeof CELLS;

/** More would be asked at once than a server bears; the rest is one click away. */
const MOST_TARGETS = 12;
const MOST_VERSIONS = 20;

interface Row {
  target: string;
  answer: Answer<MigrationStatusDocument>;
  cells: ReadonlyMap<string, Cell>;
}

export function MigrationMatrix({ targets, areAll }: { targets: readonly string[]; areAll: boolean }) {
  const [wasWhole, setWhole] = useState(false);
  const shown = targets.slice(0, MOST_TARGETS);
  const answers = useAnswers<MigrationStatusDocument>(
    shown.map((target) => pathOf`/api/v1/targets/${target}/migrations`),
  );
  const rows = shown.map((target, at): Row => {
    const answer = answers[at] ?? { reload: () => undefined };
    return { target, answer, cells: answer.data === undefined ? new Map() : cellsOf(answer.data) };
  });
  const all = [...new Set(rows.flatMap(({ cells }) => [...cells.keys()]))];
  const versions = all.sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)).slice(-MOST_VERSIONS);
  const names = new Map(answers.flatMap(({ data }) => (data === undefined ? [] : namesOf(data))));
  const isBusy = answers.some(({ data, error }) => data === undefined && error === undefined);
  if (areAll && !isBusy && !wasWhole) setWhole(true);
  if (!wasWhole) {
    return (
      <div key="asking" class="await" aria-busy={true}>
        <p class="dim">asking…</p>
      </div>
    );
  }
  return (
    <div class="await" aria-busy={isBusy}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard */}
      <section class="scroll matrix" tabIndex={0} aria-label="Migrations by worktree">
        <table>
          <thead>
            <tr>
              <th scope="col">Worktree</th>
              {versions.map((version) => (
                <th key={version} scope="col">
                  {version} <span class="name">{visible(names.get(version) ?? "")}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <MatrixRow key={row.target} row={row} versions={versions} />
            ))}
          </tbody>
        </table>
      </section>
      <p class="dim">
        foreign: applied, but not in the worktree's branch; in doubt: begun, and not known to have ended
        {all.length > versions.length ? `; ${all.length - versions.length} older ones are not shown` : ""}
        {targets.length > shown.length ? `; ${targets.length - shown.length} more worktrees: choose one above` : ""}
      </p>
    </div>
  );
}

function MatrixRow({ row: { target, answer, cells }, versions }: { row: Row; versions: readonly string[] }) {
  const { data, error } = answer;
  const said = error === undefined ? (data === undefined ? "asking…" : "no migrations") : error.failure.message;
  return (
    <tr>
      <th scope="row">
        <Name of={target} />
      </th>
      {data === undefined || error !== undefined || versions.length === 0 ? (
        <td colSpan={Math.max(1, versions.length)}>
          <Mark kind={error === undefined ? "dim" : "bad"}>{visible(said)}</Mark>
        </td>
      ) : (
        versions.map((version) => (
          <td key={version}>
            <State of={cells.get(version)} />
          </td>
        ))
      )}
    </tr>
  );
}

function State({ of }: { of: Cell | undefined }) {
  if (of === undefined) return <Mark kind="dim">–</Mark>;
  const { kind, word } = CELLS[of];
  return <Mark kind={kind}>{word}</Mark>;
}

function cellsOf({ applied, pending, missing, in_doubt }: MigrationStatusDocument): Map<string, Cell> {
  const cells = new Map<string, Cell>();
  for (const { version } of applied) cells.set(version, "applied");
  for (const { version } of pending) cells.set(version, "pending");
  for (const { version } of missing) cells.set(version, "foreign");
  for (const { version } of in_doubt) cells.set(version, "doubt");
  return cells;
}

function namesOf({ applied, pending, missing }: MigrationStatusDocument): [string, string][] {
  return [...applied, ...pending, ...missing].map(({ version, name }) => [version, name ?? ""]);
}
