import { useState } from "preact/hooks";
import type { FailureDocument } from "../../src/answers/error.ts";
import type { ScenarioDocument } from "../../src/answers/targets.ts";
import { Await, Failure, Line, Name, type Numbered, numbered, Table } from "../parts.tsx";
import type { ScreenProps } from "../screen.ts";
import { ServerError, send } from "../server.ts";
import { useAnswer } from "../state.ts";
import { pathOf, plural, quoted, visible } from "../words.ts";

interface Preview {
  plan: { entities: { entity: string; rows: number; sample: Record<string, string | null>[] }[] };
}

/** The scenarios of the factory files, each with its parameters, a preview, and a run. */
export function SeedsScreen({ target, ask }: ScreenProps) {
  const answer = useAnswer<{ entities: string[]; scenarios: ScenarioDocument[] }>("/api/v1/scenarios");
  const seedAll = () =>
    ask({
      ...{ title: `Seed ${target}`, path: pathOf`/api/v1/targets/${target}/seed`, body: { entities: ["all"] } },
      ...{ plans: true, line: `pgrove seed all -t ${quoted(target)}` },
    });
  return (
    <>
      <p class="buttons">
        <button type="button" class="main" onClick={seedAll}>
          Seed all of <Name of={target} />
        </button>
      </p>
      <Line words={`pgrove seed all -t ${quoted(target)}`} />
      <Await answer={answer}>
        {({ scenarios }) =>
          scenarios.length === 0 ? (
            <p class="dim">no scenarios yet; pgrove seed init writes a first factories.yaml</p>
          ) : (
            scenarios.map((each) => <Scenario key={each.name} of={each} target={target} ask={ask} />)
          )
        }
      </Await>
    </>
  );
}

function Scenario({ of, target, ask }: Pick<ScreenProps, "target" | "ask"> & { of: ScenarioDocument }) {
  const [parameters, setParameters] = useState(of.parameters);
  const [preview, setPreview] = useState<Preview>();
  const [failure, setFailure] = useState<FailureDocument>();
  const path = pathOf`/api/v1/targets/${target}/seed`;
  const body = { scenario: of.name, parameters };
  const params = Object.entries(parameters).map(([key, value]) => ` --param ${key}=${value}`);
  const line = `pgrove seed --scenario ${quoted(of.name)}${params.join("")} -t ${quoted(target)}`;
  const look = () => {
    setFailure(undefined);
    send<Preview>(path, { ...body, dry_run: true }).then(setPreview, (reason: unknown) =>
      setFailure(reason instanceof ServerError ? reason.failure : undefined),
    );
  };
  return (
    <section class="card">
      <h2>
        <Name of={of.name} />
      </h2>
      <p class="dim">{visible(of.about ?? of.entities.join(", "))}</p>
      {Object.entries(parameters).map(([key, value]) => (
        <label key={key}>
          {visible(key)}
          <input
            type="number"
            min={0}
            value={value}
            onInput={(event) => {
              setParameters({ ...parameters, [key]: Math.max(0, Math.trunc(Number(event.currentTarget.value))) });
              setPreview(undefined); // it is of other numbers
            }}
          />
        </label>
      ))}
      <p class="buttons">
        <button type="button" onClick={look}>
          Preview ten rows
        </button>
        <button
          type="button"
          class="main"
          onClick={() => ask({ title: `Run ${of.name}`, path, body, line, plans: true })}
        >
          Run
        </button>
      </p>
      <Line words={line} />
      {failure === undefined ? null : <Failure failure={failure} />}
      {preview?.plan.entities.map(({ entity, rows, sample }) => (
        <div key={entity}>
          <h3>
            <Name of={entity} />: {plural(rows, "row")}
          </h3>
          <Table
            label={`Preview of ${entity}`}
            rows={numbered(sample)}
            keyOf={({ at }) => String(at)}
            none="no rows"
            columns={Object.keys(sample[0] ?? {}).map((head) => ({
              head: visible(head),
              cell: ({ row }: Numbered<Record<string, string | null>>) => <Name of={row[head] ?? "null"} />,
            }))}
          />
        </div>
      ))}
    </section>
  );
}
