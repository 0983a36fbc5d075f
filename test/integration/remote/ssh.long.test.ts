import { afterAll, beforeAll, describe } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RemoteTools } from "../../../src/remote/remote.ts";
import { openSsh } from "../../../src/remote/ssh-remote.ts";
import type { Command } from "../../../src/sys/process.ts";
import { runOk } from "../../support/engine/run.ts";
import { keepsTheContract } from "../../support/remotes/contract.ts";
import { type StoreServer, startSsh } from "../../support/remotes/stores.ts";

const folder = mkdtempSync(join(tmpdir(), "pgrove-ssh-"));
const config = join(folder, "config");
let server: StoreServer;

beforeAll(async () => {
  const key = join(folder, "key");
  await runOk("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  server = await startSsh(readFileSync(`${key}.pub`, "utf8").trim());
  await server.exec("mkdir", "-p", "/srv/of tests");
  writeFileSync(config, configFor(server.port, key));
  chmodSync(config, 0o600);
});
afterAll(async () => {
  await server?.remove();
  rmSync(folder, { recursive: true });
});

function configFor(port: number, key: string): string {
  return `Host backup
  HostName 127.0.0.1
  Port ${port}
  User root
  IdentityFile ${key}
  IdentitiesOnly yes
  StrictHostKeyChecking accept-new
  UserKnownHostsFile ${join(folder, "known_hosts")}
`;
}

/** The user's own ssh, with the tests' configuration in the place of the user's. */
function withConfig(tools: RemoteTools): RemoteTools {
  const own = (command: Command): Command =>
    command.file === "ssh" ? { ...command, args: ["-F", config, ...command.args] } : command;
  const { runner } = tools;
  return { ...tools, runner: { ...runner, stream: (command, io, abort) => runner.stream(own(command), io, abort) } };
}

describe("another machine", () =>
  keepsTheContract((project, tools) => openSsh("backup:/srv/of tests", project, withConfig(tools))));
