/** What `migrate status`, `migrate history` and `migrate lint` answer with --json. Versions are text: they may be larger than JSON's numbers are exact. */
import * as v from "valibot";
import { answerOf, type DocumentOf, maybeNumber, maybeText } from "./parts.ts";

const rowEntries = {
  version: v.string(),
  name: maybeText,
  applied_at: v.string(),
  applied_by: maybeText,
  duration_ms: maybeNumber,
  git_commit: maybeText,
  origin: v.string(),
};
const row = v.object(rowEntries);
const fileEntries = { version: v.string(), name: maybeText, file: maybeText };

export const migrationStatusAnswer = answerOf({
  target: v.string(),
  up_to_date: v.boolean(),
  current: maybeText,
  applied: v.array(row),
  pending: v.array(v.object({ ...fileEntries, out_of_order: v.boolean() })),
  missing: v.pipe(v.array(row), v.description("applied, but not in this branch")),
  edited: v.array(v.object(fileEntries)),
  in_doubt: v.array(v.object({ ...rowEntries, failed: v.nullable(v.unknown()) })),
  foreign_doubt: maybeText,
  notes: v.array(v.string()),
  findings: v.array(v.looseObject({ rule: v.string(), level: v.string(), message: v.string() })),
  ledger: v.looseObject({}),
});

export const migrationHistoryAnswer = answerOf({
  history: v.array(
    v.object({
      version: maybeText,
      name: maybeText,
      action: v.string(),
      at: v.string(),
      by: maybeText,
      duration_ms: maybeNumber,
      git_commit: maybeText,
      success: v.boolean(),
      error: maybeText,
    }),
  ),
});

export type MigrationHistoryEntry = DocumentOf<typeof migrationHistoryAnswer>["history"][number];

export type MigrationStatusDocument = Omit<DocumentOf<typeof migrationStatusAnswer>, "target">;

const finding = v.object({
  rule: v.string(),
  level: v.picklist(["error", "warning"]),
  file: v.string(),
  line: v.number(),
  column: v.number(),
  message: v.string(),
  hint: maybeText,
});

export const lintAnswer = answerOf({ findings: v.array(finding) });

export type FindingDocument = v.InferOutput<typeof finding>;
