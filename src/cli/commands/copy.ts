import { copyDatabase, planCopy } from "../../copy/copy.ts";
import { planDocument, renderPlan, renderResult, resultDocument } from "../answers/copy.ts";
import { defineCommand } from "../command.ts";
import { REPLACED, SEARCH_PATH, WAIT_LOCK } from "../grammar.ts";
import { describeReplacement, mainSchemas } from "../loss.ts";
import { askAboutSessions } from "../sessions.ts";

export const command = defineCommand({
  meta: {
    details:
      "On one server PostgreSQL copies the files itself (template), for which nobody may be connected to the source: whoever " +
      "is, is disconnected for that second if you agree (--strategy template agrees), else the rows are streamed.",
    examples: [
      { line: "pgrove copy main --to @staging", about: "main's database over staging's" },
      { line: "pgrove copy @production --to main", about: "the other way; production is only read" },
    ],
  },
  args: {
    source: { type: "positional", required: false, completes: "target", description: "default: main" },
    to: REPLACED,
    strategy: {
      type: "enum",
      valueHint: "STRATEGY",
      options: ["auto", "template", "stream"],
      description: "auto, template or stream",
    },
    "schema-only": { type: "boolean", description: "no rows" },
    "search-path": SEARCH_PATH,
    "discard-previous": { type: "boolean", description: "drop the replaced database at once" },
    ...WAIT_LOCK,
    "dry-run": { type: "boolean", description: "say what would be replaced, and change nothing" },
  },
  async run({ args, context }) {
    const tools = await context.serverTools();
    const [from, to] = [await context.resolveTarget(args.source), await context.resolveTarget(args.target)];
    const { openTarget } = await import("../../resolve/target.ts");
    const [source, target] = await Promise.all([openTarget(from, tools), openTarget(to, tools)]);
    const { strategy = "auto", discardPrevious } = args;
    const operationTools = await context.operationTools();
    if (args.dryRun) {
      const plan = await planCopy(operationTools, source, target, { strategy, discardPrevious });
      return void (await context.output.answer(planDocument(plan), () => renderPlan(plan, from.label, to.label)));
    }
    const started = context.clock.now();
    const result = await copyDatabase(operationTools, source, target, {
      strategy,
      schemaOnly: args.schemaOnly,
      ...(args.searchPath === undefined ? {} : { searchPath: args.searchPath }),
      discardPrevious,
      services: (await context.config())?.config.services ?? [],
      wanted: await mainSchemas(context),
      consent: (loss) => context.requireConsent({ target: to, ...describeReplacement(loss, to.label) }),
      whenBusy: (sessions) =>
        askAboutSessions(context, from.label, sessions, " (--strategy template disconnects them)"),
    });
    const durationMs = context.clock.now().getTime() - started.getTime();
    const document = { source: from.name, target: to.name, ...resultDocument(result, durationMs) };
    await context.output.answer(document, () => renderResult(from.label, result, durationMs));
  },
});
