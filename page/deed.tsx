/** A change that is asked about: what will be lost, the name to be typed, the command line that does the same. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { FailureDocument } from "../src/answers/error.ts";
import { Failure, Line } from "./parts.tsx";
import { sayPlan } from "./plan.ts";
import { type RoleMap, roleBody, roleWords } from "./role-map.ts";
import { Roles } from "./roles.tsx";
import { read, ServerError, send } from "./server.ts";
import { visible } from "./words.ts";

export interface Deed {
  title: string;
  path: string;
  body: Record<string, unknown>;
  /** The command line; of what is filled in. */
  line: string | ((filled: string) => string);
  /** The name to be typed; undefined where nothing is destroyed. */
  typed?: string;
  /** Whether the server tells a plan first. */
  plans?: boolean;
  /** What is filled in, or chosen of some: its key in the body. */
  field?: { key: string; label: string; optional?: boolean; options?: () => Promise<Option[]> };
  /** What can be ticked: its key in the body, and its word in the command line. */
  flags?: readonly Flag[];
  /** The roles that the server's may take the places of. */
  roles?: readonly string[];
}

interface Flag {
  key: string;
  label: string;
  word: string;
}

/** Something to choose. */
export interface Option {
  value: string;
  label: string;
}

type Plan = Record<string, unknown>;

/** The plan of a deed as it is filled in; asked anew when something else is chosen, not at every letter that is typed. */
function usePlan(deed: Deed, filled: object | undefined, tell: (reason?: unknown) => void): Plan | undefined {
  const [plan, setPlan] = useState<Plan>();
  const body = JSON.stringify(filled);
  useEffect(() => {
    if (!deed.plans || filled === undefined) return;
    let isWanted = true;
    setPlan(undefined);
    tell();
    send<Plan>(deed.path, { ...deed.body, ...filled, dry_run: true }).then(
      (answer) => isWanted && setPlan(answer),
      (reason: unknown) => isWanted && tell(reason),
    );
    return () => {
      isWanted = false;
    };
  }, [deed, body]);
  return plan;
}

/** What was filled in and ticked. */
interface Filled {
  value: string;
  ticked: readonly Flag[];
  map: RoleMap;
}

function fill({ field }: Deed, { value, ticked, map }: Filled): Record<string, unknown> {
  const named = field === undefined || value === "" ? {} : { [field.key]: value };
  return { ...named, ...Object.fromEntries(ticked.map(({ key }) => [key, true as const])), ...roleBody(map) };
}

/** What to type instead. */
function lineOf({ line }: Deed, { value, ticked, map }: Filled): string {
  const words = [...ticked.map(({ word }) => word), ...roleWords(map)];
  return [typeof line === "string" ? line : line(value), ...words].join(" ");
}

function useOptions({ field }: Deed, choose: (value: string) => void, tell: (reason: unknown) => void) {
  const [options, setOptions] = useState<readonly Option[]>();
  useEffect(() => {
    field?.options?.().then((found) => {
      setOptions(found);
      choose(found[0]?.value ?? "");
    }, tell);
  }, [field]);
  return options;
}

export function DeedDialog({ deed, close }: { deed: Deed; close(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState("");
  const [value, setValue] = useState("");
  const [ticked, setTicked] = useState<readonly Flag[]>([]);
  const [map, setMap] = useState<RoleMap>({});
  const [settled, setSettled] = useState<RoleMap>({});
  const [failure, setFailure] = useState<FailureDocument>();
  const tell = (reason?: unknown) => setFailure(reason instanceof ServerError ? reason.failure : undefined);
  const { field, flags = [] } = deed;
  const options = useOptions(deed, setValue, tell);
  const isChoice = field?.options !== undefined;
  const isAskable = !isChoice || options !== undefined;
  const asked = { value: isChoice ? value : "", ticked, map: settled };
  const plan = usePlan(deed, isAskable ? fill(deed, asked) : undefined, tell);
  useEffect(() => dialog.current?.showModal(), []);
  const isReady =
    (deed.typed === undefined || typed === deed.typed) &&
    (field === undefined || field.optional || value !== "") &&
    (!deed.plans || plan !== undefined);
  const shut = () => dialog.current?.close(); // gives the focus back to where it was
  const carryOut = (event: Event) => {
    event.preventDefault();
    if (!isReady) return;
    const confirm = deed.typed === undefined ? {} : { confirm: typed };
    send(deed.path, { ...deed.body, ...fill(deed, { value, ticked, map }), ...confirm }).then(shut, tell);
  };
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="deed-title">
      <form onSubmit={carryOut}>
        <h2 id="deed-title">{visible(deed.title)}</h2>
        {field === undefined ? null : <Field of={field} options={options} value={value} set={setValue} />}
        {flags.map((flag) => (
          <Tick key={flag.key} of={flag} ticked={ticked} set={setTicked} />
        ))}
        <Roles of={deed.roles ?? []} map={map} set={setMap} settle={setSettled} />
        {deed.plans ? <PlanOf plan={plan} isLoss={deed.typed !== undefined} isAsked={failure === undefined} /> : null}
        {deed.typed === undefined ? null : (
          <label>
            <span>
              Type <b>{visible(deed.typed)}</b> to go on
            </span>
            <input value={typed} onInput={(event) => setTyped(event.currentTarget.value)} autocomplete="off" />
          </label>
        )}
        <Line words={lineOf(deed, { value, ticked, map })} />
        {failure === undefined ? null : <Failure failure={failure} />}
        <p class="buttons">
          <button type="button" onClick={shut}>
            Leave it
          </button>
          <button type="submit" class={deed.typed === undefined ? "main" : "danger"} disabled={!isReady}>
            {visible(deed.title)}
          </button>
        </p>
      </form>
    </dialog>
  );
}

function Tick({ of, ticked, set }: { of: Flag; ticked: readonly Flag[]; set(ticked: readonly Flag[]): void }) {
  const isTicked = ticked.includes(of);
  const turn = () => set(isTicked ? ticked.filter((each) => each !== of) : [...ticked, of]);
  return (
    <label>
      <input type="checkbox" checked={isTicked} onChange={turn} />
      {of.label}
    </label>
  );
}

interface FieldProps {
  of: NonNullable<Deed["field"]>;
  options: readonly Option[] | undefined;
  value: string;
  set(value: string): void;
}

function Field({ of: { label, optional, options: choice }, options, value, set }: FieldProps) {
  if (choice === undefined) {
    return (
      <label>
        {label}
        {optional ? <span class="dim">(can be left out)</span> : null}
        <input value={value} onInput={(event) => set(event.currentTarget.value)} autocomplete="off" />
      </label>
    );
  }
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => set(event.currentTarget.value)}>
        {(options ?? []).map((each) => (
          <option key={each.value} value={each.value}>
            {visible(each.label)}
          </option>
        ))}
      </select>
    </label>
  );
}

function PlanOf({ plan, isLoss, isAsked }: { plan: Plan | undefined; isLoss: boolean; isAsked: boolean }) {
  return (
    <div class="plan" aria-busy={plan === undefined && isAsked}>
      <h3>{isLoss ? "What will be lost or replaced" : "What it would do"}</h3>
      {plan === undefined ? (
        <p class="dim">{isAsked ? "asking…" : "not known"}</p>
      ) : (
        <ul>
          {sayPlan(plan).map((sentence) => (
            <li key={sentence} class={sentence.startsWith("lost:") ? "lost" : ""}>
              {visible(sentence)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** The choice of a list under a path. */
export function optionsOf<T>(path: string, key: string, say: (item: T) => Option): () => Promise<Option[]> {
  return async () => (await read<Record<string, T[]>>(path))[key]?.map(say) ?? [];
}
