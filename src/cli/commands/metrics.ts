import { resolve } from "node:path";
import { failure, usageError } from "../../errors.ts";
import { readMetrics } from "../../monitor/metrics/read-metrics.ts";
import { metricsDocument, renderPrometheus } from "../../monitor/metrics/render.ts";
import { errorCode, writeFileAtomic } from "../../sys/files.ts";
import { defineCommand } from "../command.ts";
import { TARGET } from "../grammar.ts";
import { chooseSubjects, watchTools } from "../watch.ts";

export const command = defineCommand({
  meta: {
    details:
      "Figures of the database, its server, its dumps, and of the operations in the journal. A database that cannot be reached is a " +
      "figure, too: pgrove_up is 0 then. A dashboard and alert rules for them are in docs/observability.",
    examples: [
      { line: "pgrove metrics --all", about: "as Prometheus reads them" },
      {
        line: "pgrove metrics --all --textfile /var/lib/node_exporter/pgrove.prom",
        about: "for node_exporter, from cron",
      },
    ],
  },
  args: {
    target: TARGET,
    all: { type: "boolean", description: "main and every worktree" },
    format: {
      ...{ type: "enum", valueHint: "FORMAT", options: ["prometheus", "json"] },
      description: "prometheus (default) or json",
    },
    textfile: {
      ...{ type: "string", valueHint: "FILE" },
      description: "write them there, whole or not at all, for node_exporter's textfile collector",
    },
  },
  async run({ args, context }) {
    const { format = context.output.json ? "json" : "prometheus", textfile } = args;
    if (textfile !== undefined && args.format === "json") throw usageError("--textfile is for Prometheus' format");
    const project = (await context.config())?.config.project ?? "";
    const tools = { ...(await watchTools(context)), project, version: context.version };
    const reading = await readMetrics(await chooseSubjects(context, args), tools);
    if (textfile !== undefined) {
      const path = resolve(context.cwd, textfile);
      await writeMetrics(path, await renderPrometheus(reading));
      await context.output.answer({ path }, () => path);
      return;
    }
    if (format === "json") {
      const document = await metricsDocument(reading);
      await context.output.answer(document, () => JSON.stringify({ version: 1, ...document }));
      return;
    }
    const text = await renderPrometheus(reading);
    await context.output.answer(await metricsDocument(reading), () => text);
  },
});

/** For all to read: node_exporter runs as somebody else. */
async function writeMetrics(path: string, text: string): Promise<void> {
  try {
    await writeFileAtomic(path, text, { mode: 0o644, durable: false });
  } catch (error) {
    throw failure("metrics_unwritable", `${path} cannot be written (${errorCode(error) ?? error})`, undefined, error);
  }
}
