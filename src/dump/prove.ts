/** Tries dumps out, on a server of their own version: restored, counted and, where it is asked for, compared to the last row. */
import type { RoleMap } from "../archive/role-names.ts";
import { messageOf, PgroveError } from "../errors.ts";
import { parseVersion } from "../postgres/version.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { withTargetSession } from "../resolve/target-session.ts";
import { openServer } from "../server/open-server.ts";
import type { ServerTools } from "../server/server.ts";
import { startThrowaway } from "../server/throwaway.ts";
import { type OperationTools, withOperation } from "../sys/operation.ts";
import { newRunId } from "../sys/run-id.ts";
import type { LoadRequest } from "./build-scratch.ts";
import type { ContentsComparison } from "./compare-contents.ts";
import { testRestore } from "./restore.ts";
import type { StoredDump } from "./store.ts";
import { faultOf, type Verdict } from "./verify.ts";

export interface ProofRequest {
  /** The target's server, where it runs; others are started for as long as they are needed. */
  live: LiveTarget | undefined;
  /** Contents are compared, too. */
  deep: boolean;
  /** Owners and grants are restored as well, for those who take the places of the dump's roles; else they are left out. */
  roleMap?: RoleMap | undefined;
  /** Left out, as a restore leaves them out: what only one database of a server may have is in none that is made to try. */
  skippedExtensions?: readonly string[];
  approveForeign: LoadRequest["approveForeign"];
}

/**
 * Restores each dump that is in order so far into a scratch database; what fails changes its verdict. Throws (exit 5) where
 * one is somebody else's, and its SQL was not agreed to.
 */
export async function proveDumps(
  tools: OperationTools,
  servers: ServerTools,
  verdicts: readonly Verdict[],
  request: ProofRequest,
): Promise<void> {
  const own = request.live === undefined ? undefined : await findMajor(request.live);
  for (const verdict of verdicts.filter(({ fault }) => fault === undefined)) {
    const started = tools.clock.now().getTime();
    verdict.asked = request.deep ? "contents" : "restore";
    try {
      await onFittingServer(tools, servers, verdict.dump, { live: request.live, own }, async (live) => {
        const { deep, approveForeign, roleMap, skippedExtensions = [] } = request;
        const owners = roleMap === undefined ? { noOwner: true } : { noOwner: false, roleMap };
        const found = await testRestore(tools, live, verdict.dump, {
          ...{ ...owners, jobs: 1, deep, approveForeign, skippedExtensions },
        });
        verdict.serverVersion = found.serverVersion;
        verdict.depth = "restore";
        if (found.contents !== undefined) judgeContents(verdict, found.contents, tools.note);
        else if (deep)
          tools.note(`${verdict.dump.name}: its contents were not recorded, only its counts were compared`);
      });
    } catch (error) {
      tools.abort.throwIfAborted();
      if (error instanceof PgroveError && error.code === "consent") throw error;
      verdict.fault = faultOf(error, "restore");
      verdict.depth = "restore";
      if (verdict.fault.reason === "differs") verdict.differences = [messageOf(error)];
    }
    verdict.tookMs = tools.clock.now().getTime() - started;
  }
}

/** Contents are proved when all of them were compared. */
function judgeContents(
  verdict: Verdict,
  { differences, compared, uncompared }: ContentsComparison,
  note: (text: string) => void,
): void {
  if (differences.length > 0) {
    const problem = `what was restored is not what was dumped: ${differences.join("; ")}`;
    Object.assign(verdict, { depth: "contents", differences });
    verdict.fault = { reason: "differs", problem, hint: "restore an older dump: pgrove dumps list" };
  } else if (uncompared.length === 0) {
    verdict.depth = "contents";
  } else {
    const total = compared + uncompared.length;
    note(
      `${verdict.dump.name}: the contents of ${compared} of ${total} tables were compared; dump --prove records all`,
    );
  }
}

/** The target's own server where it is of the dump's version, or where that is not known; else one that is started for it. */
async function onFittingServer(
  tools: OperationTools,
  servers: ServerTools,
  dump: StoredDump,
  { live, own }: { live: LiveTarget | undefined; own: number | undefined },
  body: (live: LiveTarget) => Promise<void>,
): Promise<void> {
  const major = parseVersion(dump.manifest?.server_version ?? "")?.major ?? own;
  if (live !== undefined && (major === own || major === undefined)) return await body(live);
  const what = `${dump.name} is of PostgreSQL ${major}`;
  const subject = { operation: "verify-plan", target: dump.name, server: "", database: "" };
  await withOperation(tools, subject, async (operation) => {
    const forget = await operation.remember({ kind: "client-containers", run: operation.run });
    const server = await startThrowaway(major ?? USUAL_MAJOR, what, operation, servers);
    operation.defer(async () => {
      await server.remove();
      await forget();
    });
    const opened = openServer(server.spec, server.login, servers);
    const target = { ...server, name: "throw-away", server: server.spec, protected: false };
    await body({ target, server: opened, toolbox: await opened.open(), database: "postgres" });
  });
}

/** Where neither a target nor the dump says which. */
const USUAL_MAJOR = 17;

async function findMajor(live: LiveTarget): Promise<number | undefined> {
  const ask = "select current_setting('server_version_num')::int / 10000 as major";
  const [row] = await withTargetSession(live, newRunId(new Date()), (sql) => sql.unsafe<{ major: number }[]>(ask));
  return row?.major;
}
