/** What to do about whoever is connected to a database that is to be copied. */

import type { Session } from "../postgres/occupants.ts";
import type { WhenBusy } from "../unit/unit.ts";
import type { Context } from "./context.ts";
import { plural } from "./format.ts";

/**
 * Asks on a terminal; elsewhere the rows are streamed, and `otherwise` says what else could be done. --yes agrees to the
 * loss of a destination, not to disconnecting whoever works with the source.
 */
export async function askAboutSessions(
  context: Context,
  label: string,
  sessions: readonly Session[],
  otherwise = "",
): Promise<WhenBusy> {
  const connected = describeConnected(sessions, label);
  if (context.prompt.available && !context.flags.yes) {
    return await context.prompt.pick<WhenBusy>(connected, [
      { value: "stream", label: "stream the rows", hint: "slower, and they stay connected" },
      { value: "disconnect", label: "disconnect them for that second" },
      { value: "wait", label: "wait until they have left" },
    ]);
  }
  context.output.note(`${connected}; streaming, so that they stay${otherwise}`);
  return "stream";
}

/** "2 sessions connected to main: app (psql)". */
export function describeConnected(sessions: readonly Session[], label: string): string {
  const who = sessions.map(({ user, application }) => (application === "" ? user : `${user} (${application})`));
  return `${plural(sessions.length, "session")} connected to ${label}: ${[...new Set(who)].join(", ")}`;
}
