/** Real stores for dumps on loopback, each in a container of its own: Ceph's S3 server, and OpenSSH's. */
import { randomUUID } from "node:crypto";
import { ensureStoreImage } from "../engine/images.ts";
import { run, runOk, waitFor } from "../engine/run.ts";
import { testLabels } from "../engine/server.ts";

export interface StoreServer {
  /** On 127.0.0.1. */
  port: number;
  container: string;
  /** Runs a program inside, and resolves with what it says. */
  exec(...words: string[]): Promise<string>;
  remove(): Promise<void>;
}

export interface S3Server extends StoreServer {
  accessKeyId: string;
  secretAccessKey: string;
  endpoint: string;
  /** Makes a bucket. */
  makeBucket(name: string): Promise<void>;
}

const READY_MS = 90_000;
const CEPH_CONF = "/var/lib/ceph-test/ceph.conf";

async function start(kind: "s3" | "ssh", inside: number, env: Record<string, string>): Promise<StoreServer> {
  const image = await ensureStoreImage();
  const container = `pgrove-test-store-${randomUUID().slice(0, 8)}`;
  const labels = Object.entries(testLabels()).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
  const given = Object.entries(env).flatMap(([key, value]) => ["-e", `${key}=${value}`]);
  await runOk("docker", [
    "run",
    "-d",
    "--name",
    container,
    ...labels,
    ...given,
    "-p",
    `127.0.0.1::${inside}`,
    image,
    kind,
  ]);
  const remove = async () => void (await run("docker", ["rm", "-f", "-v", container]));
  try {
    const logs = async () => {
      const { stdout, stderr } = await run("docker", ["logs", container]);
      return `${stdout}${stderr}`;
    };
    await waitFor(`the ${kind} store to be ready`, READY_MS, async () => {
      const [said, state] = [await logs(), await run("docker", ["inspect", "-f", "{{.State.Running}}", container])];
      if (state.stdout.trim() !== "true") throw new Error(`the ${kind} store has ended:\n${said}`);
      return /^ready$/m.test(said);
    });
    const mapped = (await runOk("docker", ["port", container, `${inside}/tcp`])).trim();
    const port = Number(mapped.split("\n")[0]?.split(":").at(-1));
    return {
      port,
      container,
      remove,
      exec: (...words) => runOk("docker", ["exec", "-e", `CEPH_CONF=${CEPH_CONF}`, container, ...words]),
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Ceph's object store, in memory. */
export async function startS3(): Promise<S3Server> {
  const keys = { accessKeyId: randomUUID().slice(0, 20), secretAccessKey: randomUUID() };
  const server = await start("s3", 7480, { STORE_KEY: keys.accessKeyId, STORE_SECRET: keys.secretAccessKey });
  const endpoint = `http://127.0.0.1:${server.port}`;
  try {
    await waitFor(
      "radosgw to answer",
      READY_MS,
      async () => (await fetch(endpoint).catch(() => undefined))?.ok === true,
    );
  } catch (error) {
    await server.remove();
    throw error;
  }
  const { AwsClient } = await import("aws4fetch");
  const client = new AwsClient({ ...keys, service: "s3", region: "us-east-1" });
  return {
    ...{ ...server, ...keys, endpoint },
    makeBucket: async (name) => {
      const made = await client.fetch(`${endpoint}/${name}`, { method: "PUT" });
      if (!made.ok) throw new Error(`the bucket could not be made: ${made.status} ${await made.text()}`);
    },
  };
}

/** OpenSSH's server, which lets that public key in as root. */
export async function startSsh(publicKey: string): Promise<StoreServer> {
  return await start("ssh", 22, { STORE_KEY: publicKey });
}
