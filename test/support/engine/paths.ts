import { homedir } from "node:os";
import { join } from "node:path";

/** True where the tests may install packages and start an engine of their own. */
export const isRoot = process.getuid?.() === 0;

/** What outlives a run: the private engine's images, Debian packages, the compose plugin. */
export const stateDir = isRoot
  ? "/var/lib/pgrove-test"
  : join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "pgrove-test");

/** What lives as long as the private engine: its socket, its pid file. */
export const runtimeDir = "/run/pgrove-test";

/** Where the private engine answers. */
export const privateHost = `unix://${join(runtimeDir, "docker.sock")}`;

/** The label of everything that the tests create on an engine; nothing without it is ever removed. */
export const testLabel = "pgrove-test";

/** The label that says which run of the tests created a thing. */
export const runLabel = "pgrove-test-run";

/** The run that this process belongs to: given by `npm test`, else `dev`, whose servers stay for the next time. */
export const runId = process.env.PGROVE_TEST_RUN ?? "dev";
