import type { DumpDocument, RemoteDumpDocument } from "../../src/answers/dumps.ts";
import { Await, Line, Mark, Name, Table } from "../parts.tsx";
import type { ScreenProps } from "../screen.ts";
import { useAnswer } from "../state.ts";
import { age, bytes, pathOf, quoted } from "../words.ts";

interface RemoteProps extends Pick<ScreenProps, "ask"> {
  name: string;
  /** Those of the store. */
  here: readonly DumpDocument[];
}

/** What lies at each remote of dumps.remote, and what is not there yet. Without any, nothing is shown. */
export function Remotes({ here, ask }: Omit<RemoteProps, "name">) {
  const { data } = useAnswer<{ remotes: string[] }>("/api/v1/remotes");
  return (
    <>
      {(data?.remotes ?? []).map((name) => (
        <Remote key={name} name={name} here={here} ask={ask} />
      ))}
    </>
  );
}

function Remote({ name, here, ask }: RemoteProps) {
  const answer = useAnswer<{ place: string; dumps: RemoteDumpDocument[] }>(pathOf`/api/v1/remotes/${name}/dumps`);
  const push = () =>
    ask({
      ...{ title: `Push to ${name}`, path: pathOf`/api/v1/remotes/${name}/push`, body: {}, plans: true },
      line: `pgrove dumps push --remote ${name}`,
    });
  const pull = (host: string, dump: string) => () =>
    ask({
      ...{ title: "Pull the dump", path: pathOf`/api/v1/remotes/${name}/pull`, body: { host, dump } },
      line: `pgrove dumps pull ${quoted(`${host}/${dump}`)} --remote ${name}`,
    });
  const isHere = (dump: RemoteDumpDocument) =>
    here.some((each) => each.name === dump.name && each.created_at === dump.created_at);
  return (
    <section aria-label={`Remote ${name}`}>
      <h2>At the remote {name}</h2>
      <p class="buttons">
        <button type="button" onClick={push}>
          Push what is not there
        </button>
      </p>
      <Line words={`pgrove dumps list --remote ${name}`} />
      <Await answer={answer} rows={3}>
        {({ place, dumps }) => (
          <Table
            label={`Dumps at ${name}`}
            rows={dumps}
            keyOf={({ path }) => path}
            none={`no dumps at ${place}`}
            columns={[
              { head: "Dump", cell: (dump) => <Name of={dump.name} /> },
              { head: "Machine", cell: ({ host }) => <Name of={host} /> },
              { head: "Source", cell: ({ source }) => <Name of={source} /> },
              { head: "Size", right: true, cell: ({ size_bytes }) => bytes(size_bytes) },
              { head: "Made", cell: ({ created_at }) => <time dateTime={created_at}>{age(created_at)}</time> },
              {
                head: "Here",
                cell: (dump) =>
                  isHere(dump) ? (
                    <Mark kind="good">is here, too</Mark>
                  ) : (
                    <span class="deeds">
                      <button type="button" onClick={pull(dump.host, dump.name)}>
                        Pull
                      </button>
                    </span>
                  ),
              },
            ]}
          />
        )}
      </Await>
    </section>
  );
}
