import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { choosePorts, portChecker } from "../../../src/server/ports.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { ensureEngine } from "../../support/engine/engine.ts";
import { ensurePlainImage } from "../../support/engine/images.ts";
import { run, runOk } from "../../support/engine/run.ts";
import { testLabels } from "../../support/engine/server.ts";

const containers: string[] = [];

beforeAll(async () => {
  await ensureEngine();
});

afterAll(async () => {
  for (const id of containers) await run("docker", ["rm", "-f", id]);
});

/** A port that nothing uses, found as any worktree's is. */
async function findFree(isFree = portChecker(systemRunner)): Promise<number> {
  const { port = 0 } = await choosePorts({ identity: randomUUID(), names: { port: 20_000 }, taken: new Set() }, isFree);
  return port;
}

/** Runs the body while something listens there. */
async function whileListening(host: string, port: number, body: () => Promise<void>): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, resolve);
  });
  try {
    await body();
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));

describe("a port is not free", () => {
  test.each(["127.0.0.1", "0.0.0.0", ...(hasIpv6 ? ["::1", "::"] : [])])(
    "while a program listens on %s",
    async (host) => {
      const isFree = portChecker(systemRunner);
      const port = await findFree(isFree);
      await whileListening(host, port, async () => expect(await isFree(port)).toBe(false));
      expect(await isFree(port)).toBe(true); // the check itself has let go of it
    },
  );

  test("while a container publishes it, also one that has never been started", async () => {
    const port = await findFree();
    const labels = Object.entries(testLabels()).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
    const place = ["-p", `127.0.0.1:${port}:80`, ...labels, await ensurePlainImage()];
    containers.push((await runOk("docker", ["create", ...place])).trim());
    expect(await portChecker(systemRunner)(port)).toBe(false);
  });
});

test("without docker only what listens counts", async () => {
  const host = process.env.DOCKER_HOST;
  process.env.DOCKER_HOST = "unix:///nowhere/docker.sock";
  try {
    const isFree = portChecker(systemRunner);
    const port = await findFree(isFree);
    await whileListening("127.0.0.1", port, async () => expect(await isFree(port)).toBe(false));
  } finally {
    if (host === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = host;
  }
});
