/** What is asked of the URL of a dead-man's switch, against a real HTTP server. */
import { afterAll, beforeEach, expect, test } from "bun:test";
import { ping } from "../../../src/sys/ping.ts";

let answers: (() => Response | Promise<Response>)[] = [];
const asked: string[] = [];
const server = Bun.serve({
  ...{ port: 0, hostname: "127.0.0.1" },
  fetch: (request) => {
    asked.push(new URL(request.url).pathname);
    return (answers.shift() ?? (() => new Response("ok")))();
  },
});
afterAll(() => server.stop(true));
beforeEach(() => {
  answers = [];
  asked.length = 0;
});

const status = (code: number) => () => new Response("no", { status: code, headers: { location: "/elsewhere" } });
const silent = () => new Promise<Response>(() => undefined);
const limits = { abort: new AbortController().signal, timeoutMs: 60_000, pausesMs: [1, 1] };

test.each([
  ["heard at once", [], 1, undefined],
  ["heard at the third try", [status(503), status(429)], 3, undefined],
  ["not heard", [status(500), status(502), status(503)], 3, "HTTP 503 (3 tries)"],
  ["refused: not asked again", [status(404)], 1, "HTTP 404"],
  ["sent elsewhere: not followed", [status(302)], 1, "HTTP 302"],
])("%s", async (_, given, tries, failure) => {
  answers = [...given];
  expect(await ping(`${server.url}secret`, limits)).toBe(failure);
  expect(asked).toEqual(Array.from({ length: tries }, () => "/secret"));
});

test("a server that says nothing is given up", async () => {
  answers = [silent, silent, silent];
  expect(await ping(`${server.url}secret`, { ...limits, timeoutMs: 30 })).toBe("no answer in time (3 tries)");
});

test("nobody there is a failure without the URL in it", async () => {
  const gone = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("") });
  const url = `${gone.url}secret`;
  await gone.stop(true);
  expect(await ping(url, limits)).toMatch(/^(?!.*secret).+ \(3 tries\)$/);
});

test("an abort ends it", async () => {
  const controller = new AbortController();
  answers = [
    () => {
      controller.abort(new Error("stop"));
      return silent();
    },
  ];
  await expect(ping(`${server.url}secret`, { ...limits, abort: controller.signal })).rejects.toThrow("stop");
});
