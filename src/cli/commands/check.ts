import { SEVERITIES } from "../../config/schema-checks.ts";
import { EXIT } from "../../errors.ts";
import { checkDocument, firesAt } from "../../monitor/rules/findings.ts";
import { chooseRules, readRules } from "../../monitor/rules/rule.ts";
import { runChecks } from "../../monitor/rules/run-checks.ts";
import { renderCheck } from "../answers/check.ts";
import { defineCommand } from "../command.ts";
import { TARGET } from "../grammar.ts";
import { annotateForGitHub, tellFindings } from "../notify.ts";
import { chooseSubjects, findKnownTargets, watchTools } from "../watch.ts";

export const command = defineCommand({
  meta: {
    details:
      "Looks at dumps, migrations, the database and its server by the rules that pgrove has, and those of `checks` in pgrove.yaml. Changes nothing; " +
      "tells `notify` what has begun or ceased to fire. Exit code 6 when a rule fires that is as severe as --fail-on, or more.",
    examples: [
      { line: "pgrove check", about: "of this worktree's database" },
      { line: "pgrove check --all --fail-on critical", about: "for cron" },
      { line: "pgrove check @production --only dump_age --json | jq .findings", about: "for a script" },
    ],
  },
  args: {
    target: TARGET,
    all: { type: "boolean", description: "main and every worktree" },
    only: { type: "string", valueHint: "RULE", repeatable: true, description: "only that rule; can be repeated" },
    "fail-on": {
      ...{ type: "enum", valueHint: "SEVERITY", options: [...SEVERITIES] },
      description: "exit 6 from there on: info, warning (default), critical",
    },
    notify: { type: "boolean", default: true, negativeDescription: "only look: tell nobody of notify" },
  },
  async run({ args, context }) {
    const all = readRules((await context.config())?.config.checks ?? {});
    const rules = chooseRules(all, args.only);
    const found = await runChecks(await chooseSubjects(context, args), rules, await watchTools(context), {
      ...{ all, known: await findKnownTargets(context) },
    });
    const isWell = !firesAt(found, args.failOn ?? "warning");
    const told = args.notify ? await tellFindings(context, found, isWell) : [];
    await annotateForGitHub(context, found);
    const notified = told.map(({ way, changes, failure }) => ({
      way,
      changes: changes ?? null,
      error: failure ?? null,
    }));
    await context.output.answer({ ...checkDocument(found), notified }, () => renderCheck(found, context.output.paint));
    return isWell ? EXIT.ok : EXIT.problems;
  },
});
