import { useState } from "preact/hooks";
import type { EpisodeDocument } from "../../src/answers/history.ts";
import { Await, Line, Mark, Name, Table } from "../parts.tsx";
import type { ScreenProps } from "../screen.ts";
import { useAnswer } from "../state.ts";
import { age, duration, quoted, visible } from "../words.ts";

const KINDS: Readonly<Record<string, "good" | "bad" | "dim">> = { done: "good", failed: "bad" };
const LIMIT = "200";

interface Filter {
  target: string;
  since: string;
  failed: boolean;
}

/** Who did what to which database: all of it, or of one target, of late, what has failed. */
export function HistoryScreen({ targets }: ScreenProps) {
  const [filter, setFilter] = useState<Filter>({ target: "", since: "", failed: false });
  const answer = useAnswer<{ history: EpisodeDocument[] }>(`/api/v1/history?${queryOf(filter)}`);
  return (
    <>
      <Choice of={filter} names={targets.map(({ name }) => name)} set={setFilter} />
      <Line words={lineOf(filter)} />
      <Await answer={answer}>{({ history }) => <Episodes of={history} isAll={queryOf(filter) === ALL} />}</Await>
    </>
  );
}

function queryOf({ target, since, failed }: Filter): string {
  const given = { ...(target === "" ? {} : { target }), ...(since === "" ? {} : { since }) };
  return String(new URLSearchParams({ limit: LIMIT, ...given, ...(failed ? { failed: "true" } : {}) }));
}

const ALL = queryOf({ target: "", since: "", failed: false });

function lineOf({ target, since, failed }: Filter): string {
  const words = [...(target === "" ? [] : ["--target", quoted(target)]), ...(since === "" ? [] : ["--since", since])];
  return ["pgrove history", "--limit", LIMIT, ...words, ...(failed ? ["--failed"] : [])].join(" ");
}

const TIMES = [
  ["", "any time"],
  ["1h", "the last hour"],
  ["24h", "the last day"],
  ["7d", "the last week"],
] as const;

function Choice({ of, names, set }: { of: Filter; names: readonly string[]; set(filter: Filter): void }) {
  return (
    <p class="buttons choice">
      <label>
        Of
        <select value={of.target} onChange={(event) => set({ ...of, target: event.currentTarget.value })}>
          <option value="">all targets</option>
          {names.map((name) => (
            <option key={name} value={name}>
              {visible(name)}
            </option>
          ))}
        </select>
      </label>
      <label>
        From
        <select value={of.since} onChange={(event) => set({ ...of, since: event.currentTarget.value })}>
          {TIMES.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <label>
        <input type="checkbox" checked={of.failed} onChange={() => set({ ...of, failed: !of.failed })} />
        only what failed
      </label>
    </p>
  );
}

function Episodes({ of, isAll }: { of: readonly EpisodeDocument[]; isAll: boolean }) {
  return (
    <Table
      label="History"
      rows={of}
      none={isAll ? "nothing yet" : "nothing of that kind"}
      keyOf={({ run }) => run}
      columns={[
        {
          head: "When",
          cell: ({ at }) => (
            <time class="age" dateTime={at} title={at}>
              {age(at)}
            </time>
          ),
        },
        { head: "What", cell: ({ operation }) => operation },
        { head: "Target", cell: ({ target }) => <Name of={target} /> },
        { head: "Database", cell: ({ database }) => (database === "" ? "" : <Name of={database} />) },
        {
          head: "Result",
          cell: ({ result }) => <Mark kind={KINDS[result ?? ""] ?? "dim"}>{result ?? "not ended"}</Mark>,
        },
        { head: "Took", right: true, cell: ({ duration_ms }) => duration(duration_ms) },
        { head: "By", cell: ({ by, host }) => visible(`${by}@${host}`) },
        { head: "Why", cell: ({ error }) => visible(error ?? "") },
      ]}
    />
  );
}
