import { EXIT, usageError } from "../../errors.ts";
import { readHistory } from "../../monitor/history.ts";
import { verifyJournal } from "../../sys/journal.ts";
import { redact } from "../../sys/redact.ts";
import { chainDocument, episodeDocument, renderChain, renderHistory } from "../answers/history.ts";
import { defineCommand } from "../command.ts";
import { answerColumns } from "../terminal.ts";
import { readMoment } from "../time-words.ts";

export const command = defineCommand({
  takesTarget: true,
  meta: {
    details:
      "Every operation that changes something is in the journal, in the repository's git folder. Each line holds the hash of the " +
      "one before it; --verify goes through all, and names the first that does not fit (exit 6).",
    examples: [
      { line: "pgrove history --limit 5", about: "the last five operations" },
      { line: "pgrove history --target @production --since 7d", about: "what was done there in the last week" },
      { line: "pgrove history --failed --json | jq -r '.history[].error'", about: "what went wrong" },
      { line: "pgrove history --verify", about: "is every line as it was written?" },
    ],
  },
  args: {
    limit: { type: "string", valueHint: "N", number: { min: 1 }, description: "how many, newest first (default: 20)" },
    since: {
      ...{ type: "string", valueHint: "TIME" },
      description: "only what began then or later: 2h, 7d, 2026-01-15, 2026-01-15T14:30",
    },
    failed: { type: "boolean", description: "only what failed or was interrupted" },
    verify: { type: "boolean", description: "check that no line was changed, taken out or cut off" },
  },
  async run({ args, context }) {
    const { target, failed, limit, verify } = args;
    const now = context.clock.now();
    const since = readMoment("since", args.since, now);
    const stateDir = await context.stateDir();
    const isNarrowed = target !== undefined || since !== undefined || failed;
    if (verify) {
      if (isNarrowed || limit !== undefined)
        throw usageError("--verify looks at the whole journal", "pgrove history --verify");
      const report = await verifyJournal(stateDir);
      await context.output.answer(chainDocument(report), () => renderChain(report));
      return report.fault === undefined ? EXIT.ok : EXIT.problems;
    }
    const wanted = target === undefined ? undefined : redact(target);
    const episodes = await readHistory(stateDir, { limit: limit ?? 20, target: wanted, since, failed });
    const columns = await answerColumns();
    await context.output.answer({ history: episodes.map(episodeDocument) }, () =>
      episodes.length === 0 && isNarrowed ? "nothing that matches" : renderHistory(episodes, now, columns),
    );
    return EXIT.ok;
  },
});
