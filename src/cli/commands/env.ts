import { formatVariable } from "../../resolve/env-lines.ts";
import { findWhereabouts, portUnpublished } from "../../resolve/reach.ts";
import { targetVariables } from "../../resolve/target-variables.ts";
import { defineCommand } from "../command.ts";
import { TARGET } from "../grammar.ts";
import { requireVariables } from "../provisioning.ts";

export const command = defineCommand({
  meta: {
    details:
      "The variables of `env.set` in pgrove.yaml; without one, DATABASE_URL and libpq's PGHOST, PGPORT …; and DB_MAX_CONNS, DB_MIN_CONNS, DB_MAX_LIFETIME where they are set.",
    examples: [
      { line: "pgrove env > .env.local", about: "for programs that read env files" },
      { line: 'set -a; eval "$(pgrove env)"; set +a', about: "for this shell" },
    ],
  },
  args: { target: TARGET },
  async run({ args, context }) {
    if ((await context.config()) !== undefined) await requireVariables(context);
    const target = await context.resolveTarget(args.target);
    const tools = await context.serverTools();
    const known = await findWhereabouts(target, tools);
    const { variables: own, unreachable } = await targetVariables(context, target, known);
    if (unreachable.length > 0 && Object.keys(own).length === 0) throw await portUnpublished(target, tools);
    if (unreachable.length > 0) context.output.note(`note: no port is published for ${unreachable.join(", ")}`);
    const variables = { ...target.pool, ...own };
    const lines = () => Object.entries(variables).map(([name, value]) => formatVariable(name, value));
    await context.output.answer({ target: target.name, variables }, () => lines().join("\n"));
  },
});
