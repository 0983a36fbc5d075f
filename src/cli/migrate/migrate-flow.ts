/** `migrate up`, `down` and `goto`: asked for, done, told. */
import { migrate as migrateTarget } from "../../migrate/migrate.ts";
import type { MigrateRequest } from "../../migrate/request.ts";
import type { Context } from "../context.ts";
import { createDialogue } from "./migrate-dialogue.ts";
import { answerOutcome } from "./migrate-report.ts";

/** Runs the command. */
export async function migrate(context: Context, request: MigrateRequest): Promise<void> {
  await answerOutcome(context, await migrateTarget(context, request, createDialogue(context)));
}
