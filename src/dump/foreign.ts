import type { StoredDump } from "./store.ts";

/** A dump that wants consent: somebody else has made it, or a part of it is made by an administrator. */
export interface DoubtfulDump {
  dump: StoredDump;
  /** Somebody else has made it. */
  isForeign: boolean;
  /** What the administrator would make of it: `extension postgis`, `event trigger audit`. */
  elevated: readonly string[];
  /** As whom its SQL will be run, where that is known already. */
  login?: string;
  /** Then it may run programs, and read files, on the server's machine. */
  isSuperuser: boolean;
}
