import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT } from "../../../src/errors.ts";
import { pushDumps } from "../../../src/remote/push.ts";
import type { RemoteTools } from "../../../src/remote/remote.ts";
import { openSsh } from "../../../src/remote/ssh-remote.ts";
import type { Command } from "../../../src/sys/process.ts";
import { Relay } from "../../support/cut-relay.ts";
import { runOk, waitFor } from "../../support/engine/run.ts";
import { keepsTheContract } from "../../support/remotes/contract.ts";
import { bytesOf, makeStore } from "../../support/remotes/pushing.ts";
import { type StoreServer, startSsh } from "../../support/remotes/stores.ts";

const folder = mkdtempSync(join(tmpdir(), "pgrove-ssh-"));
const config = join(folder, "config");
let server: StoreServer;
let relay: Relay;

beforeAll(async () => {
  const key = join(folder, "key");
  await runOk("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  server = await startSsh(readFileSync(`${key}.pub`, "utf8").trim());
  await server.exec("mkdir", "-p", "/srv/of tests");
  relay = await Relay.start(() => server.port);
  writeFileSync(config, configFor(server.port, key));
  chmodSync(config, 0o600);
});
afterAll(async () => {
  relay?.stop();
  await server?.remove();
  rmSync(folder, { recursive: true });
});

/** `backup` is the server, `cut` the same through the relay, `stranger` the same for somebody whom it does not know. */
function configFor(port: number, key: string): string {
  return `Host cut
  Port ${relay.port}
Host stranger
  User stranger
Host backup cut
  IdentityFile ${key}
Host backup cut stranger
  HostName 127.0.0.1
  Port ${port}
  User root
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

test("a connection that is cut: what is there by then is not sent again", async () => {
  const store = await makeStore({ now: () => new Date() });
  const bytes = bytesOf(60 << 20);
  const dump = await store.put("main-1.dump", bytes);
  const open = () => openSsh("cut:/srv/of tests", "cut", withConfig(store.tools));
  const pushing = open().then((remote) =>
    pushDumps(store.tools, remote, { host: "here", dumps: [dump], verify: true }),
  );
  await waitFor("a part to be sent", 60_000, async () => relay.carried > 20 << 20, 2);
  expect(relay.cut()).toBeGreaterThan(0);
  relay.mend();
  expect(await pushing).toMatchObject([{ wasThere: false }]);
  expect(relay.carried).toBeLessThan(1.5 * bytes.length);
  await store.remove();
});

test("what a push has left is taken over, and where that is damaged it is sent anew", async () => {
  const store = await makeStore({ now: () => new Date() });
  const bytes = bytesOf(3 << 20);
  const dump = await store.put("main-1.dump", bytes);
  const left = `/srv/of tests/left/here/.main-1.dump.${dump.manifest?.sha256.slice(0, 16)}.0.part`;
  await server.exec("mkdir", "-p", "/srv/of tests/left/here");
  await server.exec("sh", "-c", 'head -c 1000000 /dev/zero > "$1"; touch -d "1 hour ago" "$1"', "sh", left);
  const remote = await openSsh("backup:/srv/of tests", "left", withConfig(store.tools));
  expect(await pushDumps(store.tools, remote, { host: "here", dumps: [dump], verify: true })).toMatchObject([
    { wasThere: false },
  ]);
  expect(await server.exec("ls", "-A", "/srv/of tests/left/here")).toBe("main-1.dump\nmain-1.dump.manifest.json\n");
  await store.remove();
});

test("no key, no machine, no folder: each said as what it is", async () => {
  const store = await makeStore({ now: () => new Date() });
  const failing = (to: string) => openSsh(to, "shop", withConfig(store.tools));
  await expect(failing("stranger:/srv")).rejects.toMatchObject({ code: "remote_denied", exit: EXIT.missing });
  await expect(failing("backup:/not/there")).rejects.toMatchObject({ code: "remote_missing", exit: EXIT.missing });
  await expect(failing("no-such-host.invalid:/srv")).rejects.toMatchObject({ code: "remote_missing" });
  await store.remove();
});
