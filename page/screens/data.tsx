import { useEffect, useRef, useState } from "preact/hooks";
import type { StatsDocument } from "../../src/answers/status.ts";
import { Await, Bar, Line, Name, type Numbered, numbered, Table } from "../parts.tsx";
import type { ScreenProps } from "../screen.ts";
import { useAnswer, useAnswerOnce } from "../state.ts";
import { age, bytes, count, pathOf, quoted, visible } from "../words.ts";

type TableStats = StatsDocument["tables"][number];

/** The tables with their sizes, and the first rows of one. */
export function DataScreen({ target }: ScreenProps) {
  const answer = useAnswer<StatsDocument>(pathOf`/api/v1/targets/${target}/stats`);
  const [chosen, choose] = useState<TableStats>();
  return (
    <>
      <Line words={`pgrove stats ${quoted(target)}`} />
      <Await answer={answer}>
        {({ tables }) => {
          const largest = Math.max(1, ...tables.map(({ size_bytes }) => size_bytes));
          return (
            <Table
              label="Tables"
              rows={tables}
              none="no tables"
              keyOf={({ schema, name }) => `${schema}.${name}`}
              columns={[
                {
                  head: "Table",
                  cell: (table) => (
                    <button type="button" class="quiet" onClick={() => choose(table)}>
                      <Name of={table.schema === "public" ? table.name : `${table.schema}.${table.name}`} />
                    </button>
                  ),
                },
                { head: "Rows", right: true, cell: ({ rows, exact }) => `${exact ? "" : "~"}${count(rows)}` },
                {
                  head: "Size",
                  right: true,
                  cell: ({ size_bytes }) => (
                    <>
                      {bytes(size_bytes)} <Bar share={size_bytes / largest} />
                    </>
                  ),
                },
                { head: "Indexes", right: true, cell: ({ index_bytes }) => bytes(index_bytes) },
                { head: "Dead rows", right: true, cell: ({ dead_rows }) => count(dead_rows) },
                { head: "Analyzed", cell: ({ last_analyze }) => age(last_analyze) },
              ]}
            />
          );
        }}
      </Await>
      {chosen === undefined ? null : <Rows target={target} table={chosen} />}
    </>
  );
}

function Rows({ target, table }: { target: string; table: TableStats }) {
  const path = `${pathOf`/api/v1/targets/${target}/rows`}?${new URLSearchParams({ schema: table.schema, table: table.name })}`;
  const answer = useAnswerOnce<{ results: { rows: Record<string, unknown>[] }[] }>(path);
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => head.current?.scrollIntoView(), [path]); // below many tables it would not be seen
  return (
    <>
      <h2 ref={head}>
        First rows of <Name of={table.name} />
      </h2>
      <Line
        words={`pgrove sql ${quoted(target)} -c ${quoted(`table ${identifier(table.schema)}.${identifier(table.name)} limit 50`)}`}
      />
      <p class="buttons">
        <button type="button" onClick={answer.reload}>
          Read again
        </button>
      </p>
      <Await answer={answer}>
        {({ results }) => {
          const rows = numbered(results.at(-1)?.rows ?? []);
          const columns = Object.keys(rows[0]?.row ?? {}).map((head) => ({
            head: visible(head),
            cell: ({ row }: Numbered<Record<string, unknown>>) => shown(row[head]),
          }));
          return <Table label="Rows" rows={rows} columns={columns} none="no rows" keyOf={({ at }) => String(at)} />;
        }}
      </Await>
    </>
  );
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

const MOST_TEXT = 200;

function shown(value: unknown) {
  if (value === null || value === undefined) return <span class="dim">null</span>;
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return <Name of={text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text} />;
}
