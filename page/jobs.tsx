/** What is going on: a line at the bottom, which opens. */
import { useState } from "preact/hooks";
import type { JobDocument } from "../src/answers/jobs.ts";
import { Failure, Line, Mark, Name } from "./parts.tsx";
import { send } from "./server.ts";
import { age, pathOf, visible, visibleLines } from "./words.ts";

const KINDS = { running: "warn", done: "good", failed: "bad", cancelled: "dim" } as const;

export function Jobs({ jobs }: { jobs: readonly JobDocument[] }) {
  const [open, setOpen] = useState(false);
  const [newest] = jobs;
  return (
    <aside class="jobs" aria-label="Jobs">
      <button type="button" class="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
        {newest === undefined ? "no jobs yet" : <Summary job={newest} why={newest.error?.message} />}
      </button>
      {open ? (
        <ul>
          {jobs.map((job) => (
            <li key={job.id}>
              <Summary job={job} /> <span class="dim">{age(job.started_at)}</span>
              {job.state === "running" ? <Cancel job={job} /> : null}
              <Line words={job.command} />
              {job.error === null ? null : <Failure failure={job.error} />}
              {job.lines.length === 0 ? null : <pre>{visibleLines(job.lines.slice(-8).join("\n"))}</pre>}
            </li>
          ))}
        </ul>
      ) : null}
      <span class="hidden" role="status">
        {newest === undefined ? "" : `${newest.operation} ${newest.target ?? ""}: ${newest.state}`}
      </span>
    </aside>
  );
}

/** Of one that has failed the bar says why; in the list that stands beneath. */
function Summary({ job, why }: { job: JobDocument; why?: string | undefined }) {
  return (
    <span>
      <Mark kind={KINDS[job.state]}>{job.state}</Mark> {job.operation}{" "}
      {job.target === null ? null : <Name of={job.target} />}{" "}
      <span class="dim">{visible((job.state === "running" ? job.progress : why) ?? "")}</span>
    </span>
  );
}

function Cancel({ job }: { job: JobDocument }) {
  const cancel = () => void send(pathOf`/api/v1/jobs/${job.id}/cancel`, {}).catch(() => undefined);
  return (
    <button type="button" onClick={cancel}>
      Cancel
    </button>
  );
}
