/** Which way an archive goes into a server. */

import { saysUnknownSettings } from "../archive/left-out.ts";
import type { Programs } from "../postgres/toolbox.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { InspectedDump } from "./inspect.ts";

export interface Way {
  /** Whose pg_restore reads it. */
  programs: Programs;
  /**
   * It writes SQL for psql, one table after the other, instead of loading by itself: the programs are not the server's,
   * would begin with a setting that the server does not know, or others take the place of roles in what they write.
   */
  bySql: boolean;
}

/** The way for an archive, to a server of that version. Throws (exit 4) when no programs that can be had read it. */
export async function chooseWay(
  { dump, reader, roleMap }: Pick<InspectedDump, "dump" | "reader" | "roleMap">,
  server: number,
  live: LiveTarget,
): Promise<Way> {
  const { toolbox } = live;
  const own = toolbox.major ?? server;
  if (reader <= own) return { programs: toolbox, bySql: roleMap !== undefined || saysUnknownSettings(own, server) };
  const what = `${dump.name} is an archive that only pg_restore ${reader} and newer can read`;
  return { programs: await live.server.findPrograms(reader, what), bySql: true };
}
