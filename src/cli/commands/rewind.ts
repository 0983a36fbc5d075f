import { planRewind, type RewindRequest, rewindDatabase } from "../../copy/snapshot-rewind.ts";
import { describeState, planDocument, renderPlan, renderResult, resultDocument } from "../answers/rewind.ts";
import { defineCommand } from "../command.ts";
import { TARGET, WAIT_LOCK } from "../grammar.ts";
import { describeOlder } from "../loss.ts";
import { chooseSnapshot } from "../snapshot-to-rewind.ts";

export const command = defineCommand({
  meta: {
    details:
      "The snapshot itself stays. What the database holds now is kept as the snapshot before-rewind until the next rewind, so " +
      "that rewinding to that one undoes it. Settings, grants, owner and comment of the database stay as they are now.",
    examples: [
      { line: "pgrove rewind before-import", about: "back to that snapshot" },
      { line: "pgrove rewind before-rewind", about: "undoes the last rewind" },
    ],
  },
  args: {
    name: {
      type: "positional",
      required: false,
      description: "a snapshot; left out, a list to choose from, without a terminal the newest",
    },
    target: { ...TARGET, description: "what is rewound; default: the worktree's" },
    ...WAIT_LOCK,
    "dry-run": { type: "boolean", description: "say what would be replaced, and change nothing" },
  },
  async run({ args, context }) {
    const live = await context.openTarget(args.target);
    const { target } = live;
    const tools = await context.operationTools();
    const { name } = args;
    const request: RewindRequest = {
      ...(name === undefined ? {} : { name }),
      choose: (snapshots, of) => chooseSnapshot(context, snapshots, of),
      services: (await context.config())?.config.services ?? [],
      consent: (loss, snapshot) =>
        context.requireConsent({
          target,
          what: `${describeState(loss, target)} will be rewound to ${snapshot.name}${describeOlder(loss)}`,
          typed: loss.stranger,
        }),
    };
    if (args.dryRun) {
      const plan = await planRewind(tools, live, request);
      return void (await context.output.answer(planDocument(plan), () => renderPlan(context, plan, target)));
    }
    const started = context.clock.now();
    const result = await rewindDatabase(tools, live, request);
    const durationMs = context.clock.now().getTime() - started.getTime();
    const undo = args.target === undefined ? `pgrove rewind ${result.kept}` : undefined;
    await context.output.answer(resultDocument(result, durationMs), () => renderResult(result, durationMs, undo));
  },
});
