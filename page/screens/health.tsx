import type { DoctorCheckDocument } from "../../src/answers/doctor.ts";
import type { StatsDocument, StatusDocument } from "../../src/answers/status.ts";
import { Await, Bar, Failure, Line, Mark, Name, Table } from "../parts.tsx";
import type { ScreenProps } from "../screen.ts";
import { useAnswer } from "../state.ts";
import { bytes, count, duration, pathOf, plural, quoted, visible } from "../words.ts";

interface Finding {
  rule: string;
  severity: "info" | "warning" | "critical";
  target: string;
  message: string;
  hint: string;
}

interface Checked {
  rule: string;
  target: string;
  state: "fires" | "waits" | "ok" | "none" | "unknown";
  message: string;
}

const RULES = { fires: "bad", waits: "warn", ok: "good", none: "dim", unknown: "warn" } as const;
const KINDS = { info: "dim", warning: "warn", critical: "bad" } as const;
const STATES = { ok: "good", problem: "bad", skipped: "dim" } as const;

/** What the rules find, how the server is, and how far sequences have come. */
export function HealthScreen({ target }: ScreenProps) {
  const word = quoted(target);
  const checks = useAnswer<{ findings: Finding[]; rules: Checked[] }>(
    `/api/v1/checks?${new URLSearchParams({ target })}`,
  );
  const status = useAnswer<StatusDocument>(pathOf`/api/v1/targets/${target}/status`);
  const stats = useAnswer<StatsDocument>(pathOf`/api/v1/targets/${target}/stats`);
  const doctor = useAnswer<{ checks: DoctorCheckDocument[] }>("/api/v1/doctor");
  return (
    <>
      <Line words={`pgrove check ${word}`} />
      <Await answer={checks} rows={3}>
        {({ findings, rules }) => (
          <>
            <Table
              label="Findings"
              rows={findings}
              none="no rule fires"
              keyOf={({ rule, target: of, message }) => `${rule} ${of} ${message}`}
              columns={[
                { head: "Rule", cell: ({ rule, severity }) => <Mark kind={KINDS[severity]}>{rule}</Mark> },
                { head: "What", cell: ({ message }) => visible(message) },
                { head: "Next", cell: ({ hint }) => <code>{visible(hint)}</code> },
              ]}
            />
            <Rules of={rules} />
          </>
        )}
      </Await>
      <h2>Server</h2>
      <Line words={`pgrove status ${word}`} />
      <Await answer={status} rows={4}>
        {(each) => <Server of={each} />}
      </Await>
      <h2>Sequences</h2>
      <Await answer={stats} rows={3}>
        {({ sequences }) => (
          <Table
            label="Sequences"
            rows={sequences}
            none="no sequences"
            keyOf={({ schema, name }) => `${schema}.${name}`}
            columns={[
              { head: "Sequence", cell: ({ name }) => <Name of={name} /> },
              { head: "Column", cell: ({ column }) => <Name of={column ?? "–"} /> },
              { head: "Last", right: true, cell: ({ last_value }) => last_value ?? "–" },
              {
                head: "Used",
                right: true,
                cell: ({ used }) => (
                  <>
                    {(used * 100).toFixed(1)} % <Bar share={used} />
                  </>
                ),
              },
            ]}
          />
        )}
      </Await>
      <h2>Installation</h2>
      <Line words="pgrove doctor" />
      <Await answer={doctor}>
        {({ checks: found }) => (
          <Table
            label="Installation"
            rows={found}
            none="nothing was looked at"
            keyOf={({ name }) => name}
            columns={[
              { head: "Check", cell: ({ name, state }) => <Mark kind={STATES[state]}>{name}</Mark> },
              { head: "Found", cell: ({ found: text }) => visible(text) },
              { head: "Fix", cell: ({ fix }) => (fix === null ? "" : <code>{visible(fix)}</code>) },
            ]}
          />
        )}
      </Await>
    </>
  );
}

/** All that was looked at, well or not. */
function Rules({ of }: { of: readonly Checked[] }) {
  const well = of.filter(({ state }) => state === "ok").length;
  return (
    <details>
      <summary>
        {well} of {plural(of.length, "rule")} found all well
      </summary>
      <Table
        label="Rules"
        rows={of}
        none="no rules"
        keyOf={({ rule, target }) => `${rule} ${target}`}
        columns={[
          { head: "Rule", cell: ({ rule }) => rule },
          { head: "State", cell: ({ state }) => <Mark kind={RULES[state]}>{state}</Mark> },
          { head: "What", cell: ({ message }) => visible(message) },
        ]}
      />
    </details>
  );
}

function Server({ of: { server, database, error } }: { of: StatusDocument }) {
  const { connections, max_connections } = database;
  const share = connections === null || max_connections === null ? 0 : connections / max_connections;
  const facts: [string, string][] = [
    ["PostgreSQL", server.version ?? "–"],
    ["Up", duration(server.uptime_ms)],
    ["Database", database.name ?? "–"],
    ["Size", bytes(database.size_bytes)],
    ["Tables", count(database.tables)],
    ["Address", database.url_redacted ?? "–"],
  ];
  return (
    <>
      {error === null ? null : <Failure failure={error} />}
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{visible(value)}</dd>
          </div>
        ))}
        <div>
          <dt>Connections</dt>
          <dd>
            {count(connections)} of {count(max_connections)} <Bar share={share} />
          </dd>
        </div>
      </dl>
    </>
  );
}
