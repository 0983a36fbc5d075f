/** What all screens are made of. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { FailureDocument } from "../src/answers/error.ts";
import type { Answer } from "./state.ts";
import { visible, visibleLines } from "./words.ts";

/** A name that somebody else has chosen. */
export function Name({ of }: { of: string }) {
  return <bdi>{visible(of)}</bdi>;
}

/** The command line that does the same. */
export function Line({ words }: { words: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard?.writeText(words).then(() => setCopied(true));
  };
  return (
    <p class="line">
      <code>{visible(words)}</code>
      <button type="button" class="quiet" onClick={copy} aria-label={`Copy: ${words}`}>
        {copied ? "copied" : "copy"}
      </button>
    </p>
  );
}

export function Failure({ failure, again }: { failure: FailureDocument; again?: () => void }) {
  return (
    <div class="failure" role="alert">
      <strong class="lines">{visibleLines(failure.message)}</strong>
      {failure.hint === null ? null : <pre>{visibleLines(failure.hint)}</pre>}
      {again === undefined ? null : (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

/** A screen's part that waits for an answer. The room for it is there before, so that nothing moves. */
export function Await<T>({
  answer,
  rows = 6,
  children,
}: {
  answer: Answer<T>;
  rows?: number;
  children: (data: T) => ComponentChildren;
}) {
  const { data, error, reload } = answer;
  return (
    <div class="await" data-rows={rows} aria-busy={data === undefined && error === undefined}>
      {error === undefined ? null : <Failure failure={error.failure} again={reload} />}
      {data === undefined ? error === undefined ? <p class="dim">asking…</p> : null : children(data)}
    </div>
  );
}

export interface Column<Row> {
  head: string;
  right?: boolean;
  cell(row: Row): ComponentChildren;
}

/** A table that scrolls within itself where it is too wide; on a narrow screen each row is a card. */
export function Table<Row>({
  label,
  rows,
  columns,
  none,
  keyOf,
}: {
  label: string;
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  none: string;
  keyOf(row: Row): string;
}) {
  if (rows.length === 0) return <p class="dim">{none}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
    <section class="scroll cards" tabIndex={0} aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map(({ head, right }) => (
              <th key={head} scope="col" class={right ? "right" : ""}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ head, right, cell }) => (
                <td key={head} class={right ? "right" : ""} data-head={head}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** How large something is beside the largest. */
export function Bar({ share }: { share: number }) {
  return (
    <span class="bar" aria-hidden="true">
      <span style={{ width: `${Math.round(Math.min(1, Math.max(0, share)) * 100)}%` }} />
    </span>
  );
}

export function Mark({ kind, children }: { kind: "good" | "bad" | "warn" | "dim"; children: ComponentChildren }) {
  return <span class={`mark ${kind}`}>{children}</span>;
}

/** A row that has no other name than its place. */
export interface Numbered<Row> {
  row: Row;
  at: number;
}

export function numbered<Row>(rows: readonly Row[]): Numbered<Row>[] {
  return rows.map((row, at) => ({ row, at }));
}
