/** What became of jobs: asked, streamed, cancelled. */
import type { Context } from "hono";
import * as v from "valibot";
import type { JobDocument } from "../answers/jobs.ts";
import { jobAnswer, jobsAnswer } from "../answers/jobs.ts";
import type { Grant } from "./access-tokens.ts";
import { type Api, type ApiVariables, check, describe, json, mayUse, needs } from "./api.ts";
import { type Reader, streamEvents } from "./event-stream.ts";
import { HttpError } from "./failures.ts";

const jobPath = v.object({ job: v.pipe(v.string(), v.regex(/^[0-9a-f]{12}$/), v.description("a job's id")) });
/** How often it is looked whether anything has changed, while somebody listens. */
const LOOK_EVERY_MS = 1_000;

function maySee({ targets, scope }: Grant, { target }: JobDocument): boolean {
  return target === null ? targets.length === 0 && scope !== undefined : mayUse({ id: "", scope, targets }, target);
}

function requireJob(api: Api, grant: Grant, id: string): JobDocument {
  const job = api.jobs.find(id);
  if (job !== undefined && maySee(grant, job)) return job;
  throw new HttpError(404, "job_missing", "there is no such job", "GET /api/v1/jobs");
}

/** The operations on jobs, and the stream of all that happens. */
export function addJobStateRoutes(api: Api): void {
  const about = (summary: string) => ({ tag: "jobs", summary });
  const ofJob = check("param", jobPath);
  api.app.get(
    "/api/v1/jobs",
    describe(about("The jobs, newest first"), { 200: json(jobsAnswer, "as they are") }),
    needs("read"),
    (context) => {
      const jobs = api.jobs.list().filter((job) => maySee(context.var.grant, job));
      return context.json({ version: 1 as const, jobs });
    },
  );
  api.app.get(
    "/api/v1/jobs/:job",
    describe(about("One job"), { 200: json(jobAnswer, "as it is") }),
    needs("read"),
    ofJob,
    (context) => {
      const job = requireJob(api, context.var.grant, context.req.valid("param").job);
      return context.json({ version: 1 as const, job });
    },
  );
  api.app.post(
    "/api/v1/jobs/:job/cancel",
    describe(about("Ends a job, in order"), { 200: json(jobAnswer, "as it has ended") }),
    needs("write"),
    ofJob,
    async (context) => {
      const { id } = requireJob(api, context.var.grant, context.req.valid("param").job);
      await api.jobs.cancel(id);
      return context.json({ version: 1 as const, job: requireJob(api, context.var.grant, id) });
    },
  );
  const stream = { 200: { description: "server-sent events: job, changed", content: { "text/event-stream": {} } } };
  api.app.get(
    "/api/v1/jobs/:job/events",
    describe(about("A job's progress"), stream),
    needs("read"),
    ofJob,
    (context) => {
      const { id } = requireJob(api, context.var.grant, context.req.valid("param").job);
      return streamEvents(readerOf(api, context), (send, close) => {
        const tell = (job: JobDocument) => {
          if (job.id !== id) return;
          send("job", job);
          if (job.state !== "running") close();
        };
        const stop = api.jobs.listen(tell);
        tell(requireJob(api, context.var.grant, id));
        return stop;
      });
    },
  );
  api.app.get("/api/v1/events", describe(about("All that happens"), stream), needs("read"), (context) => {
    const { grant } = context.var;
    return streamEvents(readerOf(api, context), (send) => {
      const stop = api.jobs.listen((job) => {
        if (maySee(grant, job)) send("job", job);
      });
      const watching = watchChanges(api, () => send("changed", {}));
      return () => {
        stop();
        watching();
      };
    });
  });
}

function readerOf({ ending }: Api, { req, var: { stillCounts } }: Context<ApiVariables>): Reader {
  return { left: req.raw.signal, ending, stillCounts };
}

function watchChanges(api: Api, tell: () => void): () => void {
  let known: string | undefined;
  let looking = false;
  const timer = setInterval(async () => {
    if (looking) return;
    looking = true;
    try {
      const signature = await api.cache.signature();
      if (known !== undefined && signature !== known) tell();
      known = signature;
    } finally {
      looking = false;
    }
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}
