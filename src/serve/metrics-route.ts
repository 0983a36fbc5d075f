/** What a monitoring system reads, in its own format. */
import * as v from "valibot";
import { PROMETHEUS_CONTENT_TYPE } from "../monitor/metrics/render.ts";
import { type Api, check, describe, needs, requireTarget } from "./api.ts";
import { failureOfRun } from "./asking.ts";
import { targetName } from "./forms.ts";

const query = v.strictObject({ target: v.optional(targetName) });

/** GET /metrics: of main and all worktrees, or of one target. */
export function addMetricsRoute(api: Api): void {
  const text = { 200: { description: "as Prometheus reads it", content: { "text/plain": {} } } };
  api.app.get(
    "/metrics",
    describe({ tag: "health", summary: "Figures for a monitoring system" }, text),
    needs("read"),
    check("query", query),
    async (context) => {
      const { target } = context.req.valid("query");
      requireTarget(context.var.grant, target);
      const words = ["metrics", target ?? "--all", "--format=prometheus"];
      const { value } = await api.cache.answer(JSON.stringify(words), async () => {
        const ended = await api.program(words, api.ending, { asText: true });
        if (ended.exitCode !== 0 || ended.text === undefined) throw failureOfRun(ended);
        return ended.text;
      });
      return context.body(value, 200, { "content-type": PROMETHEUS_CONTENT_TYPE });
    },
  );
}
