/** Many requests, many connections, slow ones: memory stays, and the server goes on. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { makeProject } from "../../support/serve/project.ts";
import { Served } from "../../support/serve/served.ts";
import type { Grove } from "../../support/worktrees/grove.ts";

let grove: Grove;
let served: Served;

beforeAll(async () => {
  grove = await makeProject(import.meta.path);
  served = await Served.start(grove.repo);
  await served.get("/api/v1/worktrees");
});

afterAll(async () => {
  await served?.[Symbol.asyncDispose]();
  await grove?.[Symbol.asyncDispose]();
});

async function residentMb(): Promise<number> {
  const status = await readFile(`/proc/${served.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

test("10,000 requests leave the memory as it was", async () => {
  const AT_ONCE = 20;
  const ask = async (rounds: number) => {
    const worker = async () => {
      for (let round = 0; round < rounds / AT_ONCE; round++) {
        const path = round % 3 === 0 ? "/api/v1/worktrees" : round % 3 === 1 ? "/" : "/api/v1/none";
        const { status } = await served.ask(path);
        expect(status).toBeLessThan(500);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  };
  await ask(4_000); // what is compiled and kept once
  const before = await residentMb();
  await ask(10_000);
  expect((await residentMb()) - before).toBeLessThan(40);
});

test("500 connections held open, half of them in the middle of a request, do not keep others out", async () => {
  const { port, host } = new URL(served.url);
  const half = `POST /api/v1/targets/main/dumps HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5000\r\nContent-Type: application/json\r\n\r\n{`;
  const open = async (text: string): Promise<Socket> =>
    await new Promise((resolve, reject) => {
      const socket = connect(Number(port), "127.0.0.1", () => {
        socket.write(text);
        resolve(socket);
      });
      socket.on("error", reject);
    });
  const sockets = await Promise.all(Array.from({ length: 500 }, (_, at) => open(at % 2 === 0 ? half : "GET /")));
  try {
    expect((await served.ask("/api/v1/jobs")).status).toBe(200);
    expect((await served.get("/api/v1/worktrees")).worktrees).toHaveLength(1);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  expect((await served.ask("/api/v1/jobs")).status).toBe(200);
});

test("the list of 50 worktrees is whole, and right after one more or one less", async () => {
  for (let at = 0; at < 50; at++) await grove.git(["worktree", "add", "-q", "-b", `w${at}`, grove.repo.path(`w${at}`)]);
  expect((await served.get("/api/v1/worktrees")).worktrees).toHaveLength(51);
  await grove.git(["worktree", "remove", grove.repo.path("w0")]);
  expect((await served.get("/api/v1/worktrees")).worktrees).toHaveLength(50);
});

test("a job goes on when its client has left, and a stream that is read by nobody costs nothing", async () => {
  const gone = new AbortController();
  const { job } = (await served.post("/api/v1/targets/main/dumps", {})) as { job: { id: string } };
  const stream = fetch(new URL(`/api/v1/jobs/${job.id}/events`, served.url), {
    headers: { authorization: `Bearer ${served.token}`, accept: "text/event-stream" },
    signal: gone.signal,
  });
  await stream;
  gone.abort();
  expect((await served.ended(job.id)).state).toBe("done");
});
