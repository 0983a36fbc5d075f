import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { DumpDocument, PruneDumpsDocument } from "../../src/answers/dumps.ts";
import { Await, Line, Mark, Name, Table } from "../parts.tsx";
import type { ScreenProps } from "../screen.ts";
import { useAnswer } from "../state.ts";
import { age, bytes, pathOf, plural, quoted, visible } from "../words.ts";
import { Remotes } from "./remotes.tsx";

/** The dumps along time, whether each is proved, why it stays, and what a prune would take. */
export function DumpsScreen({ target, ask }: ScreenProps) {
  const answer = useAnswer<{ dumps: DumpDocument[] }>("/api/v1/dumps");
  const retention = useAnswer<PruneDumpsDocument>("/api/v1/retention");
  const dump = () =>
    ask({
      ...{ title: `Dump ${target}`, path: pathOf`/api/v1/targets/${target}/dumps`, body: {} },
      line: (note) => `pgrove dump ${quoted(target)}${note === "" ? "" : ` --note ${quoted(note)}`}`,
      field: { key: "note", label: "Note", optional: true },
    });
  const prune = () =>
    ask({
      ...{ title: "Prune dumps", path: "/api/v1/retention", body: {}, plans: true, typed: "store" },
      line: "pgrove dumps prune",
    });
  return (
    <>
      <p class="buttons">
        <button type="button" class="main" onClick={dump}>
          Dump <Name of={target} />
        </button>
        <button type="button" class="danger" onClick={prune}>
          Prune
        </button>
      </p>
      <Line words="pgrove dumps list" />
      <Await answer={isAsked(retention) ? { reload: answer.reload } : answer}>
        {({ dumps }) => (
          <>
            <p class="dim">{sayRetention(retention.data)}</p>
            <SizePlot dumps={dumps} />
            <DumpTable dumps={dumps} target={target} ask={ask} plan={retention.data} />
          </>
        )}
      </Await>
      <Remotes here={answer.data?.dumps ?? []} ask={ask} />
    </>
  );
}

/** The reasons stand in the table: it waits for them, and does not change its columns' widths later. */
function isAsked({ data, error }: ReturnType<typeof useAnswer>): boolean {
  return data === undefined && error === undefined;
}

/** What a prune would take, by the rule of pgrove.yaml. */
function sayRetention(plan: PruneDumpsDocument | undefined): string {
  if (plan === undefined) return "what a prune would take is not known";
  const { kept, removed } = plan;
  if (removed.length === 0) return "a prune would take nothing: dumps.keep of pgrove.yaml keeps all of them";
  const sum = removed.reduce((total, { size_bytes }) => total + size_bytes, 0);
  return `a prune would take ${removed.length} of ${plural(kept.length + removed.length, "dump")}, ${bytes(sum)}`;
}

function DumpTable({
  dumps,
  target,
  ask,
  plan,
}: Pick<ScreenProps, "target" | "ask"> & { dumps: readonly DumpDocument[]; plan: PruneDumpsDocument | undefined }) {
  const restore = (name: string, roles: readonly string[]) => () =>
    ask({
      roles,
      ...{ title: `Restore into ${target}`, path: pathOf`/api/v1/targets/${target}/restore`, body: { dump: name } },
      ...{ plans: true, typed: target, line: `pgrove restore ${quoted(name)} --to ${quoted(target)}` },
    });
  const verify = (name: string) => () =>
    ask({
      ...{ title: "Verify by restoring", path: pathOf`/api/v1/dumps/${name}/verify`, body: { restore: true } },
      line: `pgrove dumps verify ${quoted(name)} --restore`,
    });
  const keep = (name: string, verb: "pin" | "unpin") => () =>
    ask({
      ...{ title: verb === "pin" ? "Pin the dump" : "Unpin the dump", body: {} },
      ...{ path: pathOf`/api/v1/dumps/${name}/${verb}`, line: `pgrove dumps ${verb} ${quoted(name)}` },
    });
  return (
    <Table
      label="Dumps"
      rows={dumps}
      keyOf={({ path }) => path}
      none="no dumps yet"
      columns={[
        { head: "Dump", cell: ({ name }) => <Name of={name} /> },
        { head: "Source", cell: ({ source }) => <Name of={source} /> },
        { head: "Size", right: true, cell: ({ size_bytes }) => bytes(size_bytes) },
        { head: "Made", cell: ({ created_at }) => <time dateTime={created_at}>{age(created_at)}</time> },
        { head: "Proved", cell: (each) => <Proved of={each} /> },
        {
          head: "Stays",
          cell: ({ name, pinned }) => (pinned ? <Mark kind="good">pinned</Mark> : <Stays name={name} plan={plan} />),
        },
        {
          head: "Do",
          cell: ({ name, pinned, manifest }) => (
            <span class="deeds">
              <button type="button" onClick={verify(name)}>
                Verify
              </button>
              <button type="button" class="pin" onClick={keep(name, pinned ? "unpin" : "pin")}>
                {pinned ? "Unpin" : "Pin"}
              </button>
              <button type="button" class="danger" onClick={restore(name, rolesOf(manifest))}>
                Restore
              </button>
            </span>
          ),
        },
      ]}
    />
  );
}

/** Those that the dump says it needs; none where nothing is known of it. */
function rolesOf(manifest: DumpDocument["manifest"]): readonly string[] {
  const roles = manifest?.roles;
  return Array.isArray(roles) ? roles.map(String) : [];
}

function Proved({ of: { fault, proved } }: { of: DumpDocument }) {
  if (fault !== null) return <Mark kind="bad">{visible(fault.reason ?? "faulty")}</Mark>;
  return proved === null ? (
    <Mark kind="dim">not proved</Mark>
  ) : (
    <Mark kind="good">{`${proved.depth}, ${age(proved.at)}`}</Mark>
  );
}

function Stays({ name, plan }: { name: string; plan: PruneDumpsDocument | undefined }) {
  const kept = plan?.kept.find((each) => each.name === name);
  if (kept !== undefined) return <>{kept.reasons.join(", ")}</>;
  return plan?.removed.some((each) => each.name === name) ? <Mark kind="warn">a prune takes it</Mark> : <>–</>;
}

const PLOT_HEIGHT = 160;
/** Two times do not touch. */
const TIME_WIDTH = 110;
const GREEN = "#2f7d4f";

/** As 2026-01-15, or with the time of day where the marks are less than a day apart. */
function sayTimes(_plot: uPlot, times: number[], _axis: number, _space: number, stepS: number): string[] {
  return times.map((time) => {
    const at = new Date(time * 1000);
    const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString();
    if (stepS >= 86_400) return local.slice(0, 10);
    return stepS >= 60 ? local.slice(5, 16).replace("T", " ") : local.slice(11, 19);
  });
}

/** Sizes along time; the table beneath has the same in words. */
function SizePlot({ dumps }: { dumps: readonly DumpDocument[] }) {
  const place = useRef<HTMLDivElement>(null);
  const points = [...dumps].sort((a, b) => a.created_at.localeCompare(b.created_at));
  const key = points.map(({ path, proved }) => `${path} ${proved?.at}`).join();
  useEffect(() => {
    const element = place.current;
    if (element === null || points.length < 2) return;
    const ink = getComputedStyle(element).color;
    const axis = { stroke: ink, grid: { stroke: "#8884", width: 1 }, ticks: { stroke: "#8884", width: 1 } };
    const dots = { show: true, size: 9, width: 2, stroke: GREEN };
    const series: uPlot.Series[] = [
      {},
      { label: "size", stroke: GREEN, width: 2, fill: "#2f7d4f22", points: { ...dots, fill: "transparent" } },
      { label: "proved", stroke: GREEN, paths: () => null, points: { ...dots, fill: GREEN } },
    ];
    const options: uPlot.Options = {
      ...{ width: element.clientWidth, height: PLOT_HEIGHT, legend: { show: false }, cursor: { show: false } },
      axes: [
        { ...axis, space: TIME_WIDTH, values: sayTimes },
        { ...axis, size: 70, values: (_plot, values) => values.map((value) => bytes(value)) },
      ],
      series,
    };
    const times = points.map(({ created_at }) => Date.parse(created_at) / 1000);
    const sizes = points.map(({ size_bytes }) => size_bytes);
    const proved = points.map((each) => (each.proved === null ? null : each.size_bytes));
    const plot = new uPlot(options, [times, sizes, proved], element);
    const fit = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: PLOT_HEIGHT }));
    fit.observe(element);
    return () => {
      fit.disconnect();
      plot.destroy();
    };
  }, [key]);
  return (
    <figure>
      <div class="plot" ref={place} aria-hidden="true" />
      <figcaption class="dim">
        {points.length < 2 ? "sizes along time are drawn from the second dump on" : "sizes along time; ● proved, ○ not"}
      </figcaption>
    </figure>
  );
}
