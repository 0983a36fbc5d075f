/** Consent to roles that are made for a restore. */
import type { RolesPlan } from "../archive/globals-sql.ts";
import type { Loss } from "../resolve/protection.ts";
import { describeRoles } from "./answers/restore.ts";
import type { Context } from "./context.ts";

/** Says which roles are made, and asks, where some are. */
export async function approveRoles(context: Context, target: Loss["target"], plan: RolesPlan): Promise<void> {
  context.output.note(`roles: ${describeRoles(plan).join("\n")}`);
  if (plan.roles.length === 0) return;
  const superusers = plan.roles.filter(({ isSuperuser }) => isSuperuser).map(({ name }) => name);
  const beware = superusers.length === 0 ? "" : `, of which ${superusers.join(", ")} may do everything on the server`;
  const names = plan.roles.map(({ name }) => name).join(", ");
  await context.requireConsent({
    target,
    what: `the roles ${names} will be made on the server of ${target.label}${beware}`,
    instead: "pgrove restore --globals --dry-run",
  });
}
