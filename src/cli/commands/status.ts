import { EXIT } from "../../errors.ts";
import { readStatus } from "../../monitor/status.ts";
import { describeWrong, documentOf, envDocument, envField, fieldsOf } from "../answers/status.ts";
import { defineCommand } from "../command.ts";
import { findEnvCheck } from "../env-check.ts";
import { renderFailure } from "../failure.ts";
import { TARGET } from "../grammar.ts";
import { formatFields } from "../table.ts";

export const command = defineCommand({
  meta: {
    details: "Says what it knows when the server is down, too; the exit code is 4 then.",
    examples: [
      { line: "pgrove status", about: "main's server and database" },
      { line: "pgrove status @staging --json | jq .database.size_bytes", about: "for scripts" },
    ],
  },
  args: { target: TARGET },
  async run({ args, context }) {
    const target = await context.resolveTarget(args.target);
    const now = context.clock.now();
    const asked = [context.serverTools(), context.storeDir(), context.stateDir()] as const;
    const [tools, storeDir, stateDir] = await Promise.all(asked);
    const status = await readStatus({ target, tools, storeDir, stateDir, now });
    const env = await findEnvCheck(context, target, status.connection);
    const document = { ...documentOf(target.name, status, now), env: envDocument(env) };
    await context.output.answer(
      document,
      () => `${target.label}\n${formatFields([...fieldsOf(status, now), ...envField(env)])}`,
    );
    for (const warning of env === undefined ? [] : describeWrong(target, env)) context.output.warn(warning);
    const { problem } = status;
    if (problem === undefined) return EXIT.ok;
    if (!context.flags.json) await context.output.complain(renderFailure({ ...problem, message: problem.message }));
    return problem.exit;
  },
});
