import { EXIT } from "../../errors.ts";
import type { Check } from "../../monitor/check.ts";
import { examine } from "../../monitor/doctor.ts";
import { defineCommand } from "../command.ts";
import { mendAll, provisionForDoctor } from "../doctor-mends.ts";
import { plural } from "../format.ts";
import { TARGET } from "../grammar.ts";
import type { Paint, Style } from "../terminal.ts";

const MARKS: Record<Check["state"], readonly [Style, string]> = {
  ok: ["green", "ok"],
  problem: ["red", "problem"],
  skipped: ["dim", "-"],
};

export const command = defineCommand({
  meta: {
    details:
      "Looks, and changes nothing. Exit code 6 when something is wrong. --fix mends what it can, and asks before each thing: scratch " +
      "databases and sessions of interrupted runs, the rest of databases that were dropped half-way, permissions, temporary files.",
    examples: [
      { line: "pgrove doctor", about: "what is missing or left over" },
      { line: "pgrove doctor --fix", about: "mends it, asking before each thing" },
      { line: "pgrove doctor --json | jq '.checks[] | select(.state == \"problem\")'", about: "for scripts" },
    ],
  },
  args: { target: TARGET, fix: { type: "boolean", description: "mend what can be mended, each thing once agreed to" } },
  async run({ args, context }) {
    const { runner, clock, storeDir, stateDir, userKey, config, repository, serverTools, operationTools } = context;
    const places = { runner, storeDir, stateDir, userKey, config, repository, serverTools, operationTools };
    const target = () => context.resolveTarget(args.target);
    const provision = (worktree: string) => provisionForDoctor(context, worktree);
    const look = () => examine({ ...places, now: clock.now(), target, provision });
    const found = await look();
    const mended = args.fix ? await mendAll(context, found) : [];
    const checks = mended.length === 0 ? found : await look();
    const document = {
      checks: checks.map(({ name, state, found, fix }) => ({ name, state, found, fix: fix ?? null })),
      ...(args.fix ? { mended } : {}),
    };
    const problems = checks.filter(({ state }) => state === "problem").length;
    await context.output.answer(document, () => {
      const sum = problems === 0 ? "all is well" : `${plural(problems, "problem")}`;
      return [...checks.map((check) => linesOf(check, context.output.paint)), sum].join("\n");
    });
    return problems === 0 ? EXIT.ok : EXIT.problems;
  },
});

function linesOf({ name, state, found, fix }: Check, paint: Paint): string {
  const [style, mark] = MARKS[state];
  const line = `${paint(style, mark.padEnd(7))}  ${name.padEnd(18)} ${found.replaceAll("\n", `\n${" ".repeat(28)}`)}`;
  return fix === undefined ? line : `${line}\n${" ".repeat(9)}fix: ${fix}`;
}
