/** Every operation of the API's document is called: what it answers has the form that the document says, and no secret in it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { found, plantCanary } from "../../support/canaries.ts";
import { findMistakes, type JsonSchema } from "../../support/serve/json-schema.ts";
import { addRemote, makeProject } from "../../support/serve/project.ts";
import { Served } from "../../support/serve/served.ts";
import type { Grove } from "../../support/worktrees/grove.ts";

interface Operation {
  responses: Record<string, { content?: Record<string, { schema?: JsonSchema }> }>;
}
interface ApiDocument {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
}

let grove: Grove;
let served: Served;

beforeAll(async () => {
  grove = await makeProject(import.meta.path);
  await addRemote(grove);
  served = await Served.start(grove.repo);
});

afterAll(async () => {
  await served?.[Symbol.asyncDispose]();
  await grove?.[Symbol.asyncDispose]();
});

test("every operation of the document answers in the form that it says", async () => {
  const document = (await served.get("/api/openapi.json")) as unknown as ApiDocument;
  expect(document.openapi).toBe("3.1.0");
  await served.work("/api/admin/database/migrate", { skip_backup: true });
  await served.work("/api/v1/worktrees", { branch: "feature/forms" });
  await served.work("/api/v1/targets/main/snapshots", { name: "forms" });
  const dumped = await served.work("/api/v1/targets/main/dumps", {});
  const dump = String(dumped.answer?.path).split("/").at(-1) ?? "";
  await served.work("/api/v1/remotes/dir/push", { dump });
  const [there] = (await served.get("/api/v1/remotes/dir/dumps")).dumps as { name: string; host: string }[];
  expect(there?.name).toBe(dump);
  const names: Record<string, string> = {
    ...{ target: "main", worktree: "feature-forms", dump, job: dumped.id, remote: "dir" },
  };
  const queries: Record<string, string> = { "/api/v1/targets/{target}/rows": "?table=users" };
  const bodies: Record<string, object> = {
    "/api/v1/worktrees": { branch: "planned", dry_run: true },
    "/api/v1/targets/{target}/restore": { dump, dry_run: true },
    "/api/v1/targets/{target}/rewind": { name: "forms", dry_run: true },
    "/api/v1/targets/{target}/copy": { source: "main", dry_run: true },
    "/api/v1/targets/{target}/seed": { entities: ["users"], count: 3, dry_run: true },
    "/api/v1/targets/{target}/dumps": { note: "once more" },
    "/api/v1/remotes/{remote}/pull": { host: there?.host, dump },
    "/api/dev/test-data/generate": { scenario: "user_onboarding", dry_run: true },
  };
  const jobs = ["verify", "pin", "unpin", "cancel", "dumps", "pull"];
  const mistakes: string[] = [];
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const targets = /\/(reset|copy)$/.test(path) ? { ...names, target: "feature-forms" } : names;
      const at = path.replace(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(targets[key] ?? ""));
      if (path.endsWith("/events")) continue; // a stream; looked at below
      const isJob = jobs.some((verb) => path.endsWith(`/${verb}`));
      const body = JSON.stringify(bodies[path] ?? (isJob ? {} : { dry_run: true }));
      const headers = { "content-type": "application/json" };
      const init = method === "post" ? { method: "POST", headers, body } : {};
      const { status, json, text } = await served.ask(`${at}${queries[path] ?? ""}`, init);
      const schema = operation.responses[status]?.content?.["application/json"]?.schema;
      if (status >= 300) mistakes.push(`${method} ${path}: ${status} ${text.slice(0, 300)}`);
      else if (schema !== undefined) mistakes.push(...findMistakes(schema, json, `${method} ${path}`));
      else if (!text.startsWith("# HELP")) mistakes.push(`${method} ${path}: ${status} has no form in the document`);
      const id = (json?.job as { id: string } | undefined)?.id;
      if (id !== undefined) await served.ended(id);
    }
  }
  expect(mistakes).toEqual([]);
  expect(Object.keys(document.paths).length).toBeGreaterThan(30);
});

test("no password is in any answer, in what the server says, or in the page", async () => {
  const [password, row] = [plantCanary("password"), plantCanary("comment")];
  const role = `canary_${process.pid}_${Date.now().toString(36)}`;
  await grove.sql.unsafe(`create role ${role} login superuser password '${password}'`);
  const url = `postgres://${role}:${encodeURIComponent(password)}@127.0.0.1:${grove.server.port}/${grove.project}`;
  await Bun.write(`${grove.repo.folder}/.env.production`, `DATABASE_URL=${url}\nOTHER_SECRET=${row}\n`);
  try {
    const document = (await served.get("/api/openapi.json")) as { paths: Record<string, { get?: object }> };
    const paths = Object.entries(document.paths).flatMap(([path, { get }]) =>
      get === undefined || path.endsWith("/events")
        ? []
        : [path.replace("{target}", "@production").replace(/\{\w+\}/, "none")],
    );
    const answers = await Promise.all(
      ["/", "/metrics?target=@production", ...paths].map(async (path) => {
        const { headers, text } = await served.ask(path);
        return `${path} ${JSON.stringify([...headers])} ${text}`;
      }),
    );
    const failed = await served.work("/api/v1/targets/@production/dumps", {});
    const all = [...answers, JSON.stringify(failed), served.said().replaceAll(served.token, "")];
    expect(all.flatMap((text) => found([password, row], text, text.slice(0, 60)))).toEqual([]);
  } finally {
    await grove.sql.unsafe(`drop role ${role}`);
  }
});
