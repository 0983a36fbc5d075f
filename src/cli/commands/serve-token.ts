import { usageError } from "../../errors.ts";
import { SCOPES } from "../../serve/scopes.ts";
import { defineCommand } from "../command.ts";
import { formatAge } from "../format.ts";
import { tokenPlace } from "../serve/token-place.ts";
import { formatTable } from "../table.ts";
import { readTime } from "../time-words.ts";

export const create = defineCommand({
  meta: {
    details:
      "Shows the token once; what is kept is a hash, in a file that only you can read. read: all GETs; write: also what adds " +
      "something, as dumps, migrations and rows; admin: also what destroys. With --target, only for that target, or those: --target main,feature-auth.",
    examples: [
      { line: "pgrove serve token create --scope read --expires 30d", about: "for a dashboard" },
      { line: "pgrove serve token create --scope write --target feature-auth", about: "for one worktree alone" },
    ],
  },
  args: {
    scope: { type: "enum", valueHint: "SCOPE", options: [...SCOPES], description: "what it allows; default: read" },
    expires: { type: "string", valueHint: "TIME", description: "how long it counts: 24h, 30d; default: until revoked" },
    note: { type: "string", valueHint: "TEXT", description: "what it is for" },
  },
  takesTarget: true,
  async run({ args, context }) {
    const { createToken } = await import("../../serve/access-tokens.ts");
    const ms = readTime("expires", args.expires);
    if (ms === 0) throw usageError("--expires takes a time from now, such as 30d");
    const now = context.clock.now();
    const { text, token } = await createToken(await tokenPlace(context), {
      ...{ scope: args.scope ?? "read", targets: args.target?.split(",") ?? [], note: args.note ?? null, now },
      expiresAt: ms === undefined ? undefined : new Date(now.getTime() + ms),
    });
    const { id, scope, targets, expires_at } = token;
    await context.output.answer({ token: text, id, scope, targets, expires_at }, () => text);
    context.output.note(`it is not shown again; pgrove serve token revoke ${id}  takes it back`);
  },
});

export const list = defineCommand({
  meta: { examples: [{ line: "pgrove serve token list --json | jq -r '.tokens[].id'", about: "for a script" }] },
  args: {},
  async run({ context }) {
    const { listTokens } = await import("../../serve/access-tokens.ts");
    const tokens = await listTokens(await tokenPlace(context));
    const now = context.clock.now();
    const documents = tokens.map(({ repository: _own, ...token }) => token);
    await context.output.answer({ tokens: documents }, () => {
      if (tokens.length === 0) return "no tokens";
      const rows = tokens.map(({ id, scope, targets, created_at, expires_at, note }) => [
        ...[id, scope, targets.join(", ") || "all", formatAge(new Date(created_at), now), expires_at ?? "never"],
        note ?? "",
      ]);
      return formatTable([["ID", "SCOPE", "TARGETS", "MADE", "EXPIRES", "NOTE"], ...rows]);
    });
  },
});

export const revoke = defineCommand({
  meta: {
    examples: [{ line: "pgrove serve token revoke 3fa91c02", about: "counts at once, for servers that run, too" }],
  },
  args: { id: { type: "positional", description: "the token's id" } },
  async run({ args, context }) {
    const { revokeToken } = await import("../../serve/access-tokens.ts");
    await revokeToken(await tokenPlace(context), args.id);
    await context.output.answer({ revoked: args.id }, () => `revoked ${args.id}`);
  },
});
