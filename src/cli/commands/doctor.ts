import type { DoctorCheckDocument } from "../../answers/doctor.ts";
import { EXIT } from "../../errors.ts";
import type { Check } from "../../monitor/check.ts";
import { examine } from "../../monitor/doctor.ts";
import { defineCommand } from "../command.ts";
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
    details: "Looks, and changes nothing. Exit code 6 when something is wrong.",
    examples: [
      { line: "pgrove doctor", about: "what is missing or left over" },
      { line: "pgrove doctor --json | jq '.checks[] | select(.state == \"problem\")'", about: "for scripts" },
    ],
  },
  args: { target: TARGET },
  async run({ args, context }) {
    const { runner, clock, storeDir, stateDir, userKey, config, repository, serverTools } = context;
    const target = () => context.resolveTarget(args.target);
    const checks = await examine({
      runner,
      now: clock.now(),
      storeDir,
      stateDir,
      userKey,
      config,
      repository,
      serverTools,
      target,
    });
    const document = {
      checks: checks.map(
        ({ name, state, found, fix }): DoctorCheckDocument => ({ name, state, found, fix: fix ?? null }),
      ),
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
