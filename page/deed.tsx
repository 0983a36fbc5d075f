/** A change that is asked about: what will be lost, the name to be typed, the command line that does the same. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { FailureDocument } from "../src/answers/error.ts";
import { Failure, Line } from "./parts.tsx";
import { ServerError, send } from "./server.ts";
import { bytes, visible } from "./words.ts";

export interface Deed {
  title: string;
  path: string;
  body: Record<string, unknown>;
  line: string;
  /** The name to be typed; undefined where nothing is destroyed. */
  typed?: string;
  /** Whether the server tells a plan first. */
  plans?: boolean;
  /** A field to fill in: its key in the body. */
  field?: { key: string; label: string; optional?: boolean };
}

export function DeedDialog({ deed, close }: { deed: Deed; close(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState("");
  const [value, setValue] = useState("");
  const [plan, setPlan] = useState<Record<string, unknown>>();
  const [failure, setFailure] = useState<FailureDocument>();
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    if (deed.plans) send<Record<string, unknown>>(deed.path, { ...deed.body, dry_run: true }).then(setPlan, tell);
  }, [deed]);
  const tell = (reason: unknown) => setFailure(reason instanceof ServerError ? reason.failure : undefined);
  const { field } = deed;
  const isReady =
    (deed.typed === undefined || typed === deed.typed) &&
    (field === undefined || field.optional || value !== "") &&
    (!deed.plans || plan !== undefined);
  const carryOut = (event: Event) => {
    event.preventDefault();
    if (!isReady) return;
    const filled = field === undefined || value === "" ? {} : { [field.key]: value };
    const confirm = deed.typed === undefined ? {} : { confirm: typed };
    send(deed.path, { ...deed.body, ...filled, ...confirm }).then(close, tell);
  };
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="deed-title">
      <form onSubmit={carryOut}>
        <h2 id="deed-title">{visible(deed.title)}</h2>
        {deed.plans ? <Plan plan={plan} isLoss={deed.typed !== undefined} /> : null}
        {field === undefined ? null : (
          <label>
            {field.label}
            <input value={value} onInput={(event) => setValue(event.currentTarget.value)} />
          </label>
        )}
        {deed.typed === undefined ? null : (
          <label>
            <span>
              Type <b>{visible(deed.typed)}</b> to go on
            </span>
            <input value={typed} onInput={(event) => setTyped(event.currentTarget.value)} autocomplete="off" />
          </label>
        )}
        <Line words={deed.line} />
        {failure === undefined ? null : <Failure failure={failure} />}
        <p class="buttons">
          <button type="button" onClick={close}>
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

function Plan({ plan, isLoss }: { plan: Record<string, unknown> | undefined; isLoss: boolean }) {
  return (
    <div class="plan">
      <h3>{isLoss ? "What will be lost or replaced" : "What it would do"}</h3>
      {plan === undefined ? (
        <p class="dim">asking…</p>
      ) : (
        <ul>
          {flatten(plan).map(([key, value]) => (
            <li key={key}>
              <span class="dim">{key}</span> {visible(value)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** A plan's values, each with the words that lead to it. What is empty or says nothing is left out. */
function flatten(value: unknown, key = ""): [string, string][] {
  if (value === null || value === false || value === "") return [];
  if (Array.isArray(value)) return value.flatMap((each, at) => flatten(each, `${key} ${at + 1}`));
  if (typeof value === "object") {
    return Object.entries(value as object)
      .filter(([name]) => name !== "version" && name !== "dry_run")
      .flatMap(([name, each]) => flatten(each, `${key} ${name.replaceAll("_", " ")}`.trim()));
  }
  return [[key, key.endsWith("bytes") && typeof value === "number" ? bytes(value) : String(value)]];
}
