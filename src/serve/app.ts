/** The API as one Hono application: gate, operations, document, page. */
import { Hono } from "hono";
import { openAPIRouteHandler } from "hono-openapi";
import type { Environment } from "../config/env-vars.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import type { Clock } from "../sys/clock.ts";
import { addAdminRoutes } from "./admin-routes.ts";
import type { AnswerCache } from "./answer-cache.ts";
import { type Api, type ApiVariables, needs } from "./api.ts";
import { failureOf, HttpError } from "./failures.ts";
import { type GateOptions, guardBrowsers, wantToken } from "./gate.ts";
import { addJobRoutes } from "./job-routes.ts";
import { addJobStateRoutes } from "./job-state-routes.ts";
import type { Jobs } from "./jobs.ts";
import { addMetricsRoute } from "./metrics-route.ts";
import type { OwnProgram } from "./own-program.ts";
import { loadPage } from "./page.ts";
import { addPlaceRoutes } from "./place-routes.ts";
import { addReadRoutes } from "./read-routes.ts";
import { addRemoteRoutes } from "./remote-routes.ts";

export interface AppOptions extends GateOptions {
  program: OwnProgram;
  cache: AnswerCache;
  jobs: Jobs;
  clock: Clock;
  ending: AbortSignal;
  config(): Promise<LoadedConfig>;
  environment: Environment;
  pgroveVersion: string;
  /** Told what has failed although it should not: for the server's own log. */
  complain(error: unknown): void;
}

/** The application; what it answers is JSON, but for the page. */
export function createApp(options: AppOptions): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
  const { program, cache, jobs, ending, config, clock } = options;
  app.onError((error, context) => {
    const { status, error: failure } = failureOf(error);
    if (failure.code === "bug") options.complain(error);
    return context.json({ version: 1, error: failure }, status);
  });
  app.notFound(() => {
    throw new HttpError(
      404,
      "path_missing",
      "there is nothing under this path",
      "GET /api/openapi.json lists what there is",
    );
  });
  app.use("*", guardBrowsers(options));
  app.get("/", async (context) => {
    const { html, policy } = await loadPage();
    context.header("Content-Security-Policy", policy);
    context.header("Cache-Control", "no-cache");
    return context.html(html);
  });
  const gate = wantToken(options);
  app.use("/api/*", gate);
  app.use("/metrics", gate);
  const api: Api = { app, program, cache, jobs, config, ending };
  addReadRoutes(api);
  addPlaceRoutes(api, () => clock.now());
  addJobRoutes(api);
  addRemoteRoutes(api);
  addAdminRoutes(api);
  addJobStateRoutes(api);
  addMetricsRoute(api);
  app.get("/api/openapi.json", needs("read"), openAPIRouteHandler(app, documentOptions(options.pgroveVersion)));
  return app;
}

function documentOptions(version: string) {
  return {
    documentation: {
      openapi: "3.1.0" as const,
      info: {
        title: "pgrove",
        version,
        description: "Databases of a repository's worktrees. Answers are those of --json.",
      },
      components: { securitySchemes: { token: { type: "http" as const, scheme: "bearer" } } },
    },
    exclude: ["/", "/api/openapi.json"],
  };
}
