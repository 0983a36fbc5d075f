import { EXIT, usageError } from "../../errors.ts";
import { openServer } from "../../server/open-server.ts";
import { defineCommand } from "../command.ts";
import { TARGET } from "../grammar.ts";
import { resolveServer } from "../lifecycle-command.ts";

/** Compose writes it before every line, also where there is no terminal. */
const CLEAR_LINE = "\u001b[2K";

export const command = defineCommand({
  meta: {
    examples: [
      { line: "pgrove logs --tail 50", about: "the last 50 lines" },
      { line: "pgrove logs -f --service api", about: "what the service api says, as it says it" },
    ],
  },
  args: {
    target: TARGET,
    follow: { type: "boolean", alias: "f", description: "go on as lines come; Ctrl-C ends it" },
    tail: { type: "string", valueHint: "N", number: { min: 0 }, description: "only the last N lines" },
    service: {
      type: "string",
      valueHint: "SERVICE",
      repeatable: true,
      description: "another service of the compose file",
    },
  },
  async run({ args, context }) {
    const { follow, tail, service: services } = args;
    if (follow && context.flags.json) throw usageError("--follow never ends, and --json is one document");
    const target = await resolveServer(context, args.target);
    const server = openServer(target.server, target.login, await context.serverTools());
    const command = await server.logs({
      follow,
      ...(tail === undefined ? {} : { tail }),
      ...(services.length === 0 ? {} : { services }),
    });
    const { abort } = context.interruptions();
    if (context.flags.json) {
      const lines: string[] = [];
      const { stdout, stderr } = await context.runner.capture(command, { abort });
      for (const line of `${stdout}${stderr}`.replaceAll(CLEAR_LINE, "").split("\n")) if (line !== "") lines.push(line);
      await context.output.answer({ target: target.name, lines }, () => "");
      return EXIT.ok;
    }
    try {
      // PostgreSQL writes its log to stderr, and docker hands it on there: all of it is the answer.
      await context.runner.stream(
        command,
        {
          output: (chunk) => context.output.show(withoutClearing(chunk)),
          line: (line) => void context.output.show(Buffer.from(`${line}\n`)).catch(() => undefined),
        },
        abort,
      );
    } catch (error) {
      const stopped = context.interrupted();
      if (stopped === undefined || !follow) throw error;
      return stopped.exit; // Ctrl-C is how one leaves it; that needs no words
    }
    return EXIT.ok;
  },
});

function withoutClearing(chunk: Uint8Array): Uint8Array {
  const text = Buffer.from(chunk).toString("latin1"); // a byte is a character, whatever it means
  return Buffer.from(text.replaceAll(CLEAR_LINE, ""), "latin1");
}
