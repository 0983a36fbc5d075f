/** What `dumps push`, `dumps pull` and `dumps list --remote` answer. */
import type { Pulled } from "../../remote/pull.ts";
import type { Pushed } from "../../remote/push.ts";
import { type RemoteDump, shownName } from "../../remote/remote-dumps.ts";
import { formatBytes } from "../format.ts";
import { type AuthoredDump, dumpDocument, renderList } from "./dumps.ts";

export interface PushedTo extends Pushed {
  /** Which remote: `s3`. */
  remote: string;
}

export function pushedDocument(pushed: readonly PushedTo[], dryRun: boolean) {
  return {
    dry_run: dryRun,
    dumps: pushed.map(({ name, remote, place, sizeBytes, wasThere }) => ({
      ...{ name, remote, place, size_bytes: sizeBytes, was_there: wasThere },
    })),
  };
}

export function pulledDocument(pulled: readonly Pulled[]) {
  return {
    dumps: pulled.map(({ name, path, sizeBytes, wasThere }) => ({
      ...{ name, path, size_bytes: sizeBytes, was_there: wasThere },
    })),
  };
}

/** A line for each dump, the place where it is now. */
export function renderMoved(moved: readonly (PushedTo | Pulled)[], verb: string): string {
  if (moved.length === 0) return "nothing to do: everything is there";
  return moved
    .map((each) => {
      const place = "place" in each ? each.place : each.path;
      return each.wasThere ? `is there     ${place}` : `${verb.padEnd(11)}  ${place} (${formatBytes(each.sizeBytes)})`;
    })
    .join("\n");
}

type Authored = AuthoredDump & { dump: RemoteDump };

export function remoteDocument(authored: Authored) {
  return { ...dumpDocument(authored), host: authored.dump.host };
}

/** Those of other machines with theirs before the name. */
export function renderRemoteList(dumps: readonly Authored[], own: string, now: Date): string {
  const shown = dumps.map((each) => ({ ...each, dump: { ...each.dump, name: shownName(each.dump, own) } }));
  return renderList(shown, now);
}
