import type { EpisodeDocument } from "../../src/answers/history.ts";
import { Await, Line, Mark, Name, Table } from "../parts.tsx";
import type { ScreenProps } from "../screen.ts";
import { useAnswer } from "../state.ts";
import { age, duration, visible } from "../words.ts";

const KINDS: Readonly<Record<string, "good" | "bad" | "dim">> = { done: "good", failed: "bad" };

/** Who did what to which database. */
export function HistoryScreen(_: ScreenProps) {
  const answer = useAnswer<{ history: EpisodeDocument[] }>("/api/v1/history?limit=200");
  return (
    <>
      <Line words="pgrove history --limit 200" />
      <Await answer={answer}>
        {({ history }) => (
          <Table
            label="History"
            rows={history}
            none="nothing yet"
            keyOf={({ run }) => run}
            columns={[
              { head: "When", cell: ({ at }) => <time dateTime={at}>{age(at)}</time> },
              { head: "What", cell: ({ operation }) => operation },
              { head: "Target", cell: ({ target }) => <Name of={target} /> },
              { head: "Database", cell: ({ database }) => <Name of={database} /> },
              {
                head: "Result",
                cell: ({ result }) => <Mark kind={KINDS[result ?? ""] ?? "dim"}>{result ?? "not ended"}</Mark>,
              },
              { head: "Took", right: true, cell: ({ duration_ms }) => duration(duration_ms) },
              { head: "By", cell: ({ by, host }) => visible(`${by}@${host}`) },
              { head: "Why", cell: ({ error }) => visible(error ?? "") },
            ]}
          />
        )}
      </Await>
    </>
  );
}
