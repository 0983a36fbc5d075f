import { expect, test } from "bun:test";
import { findImageAt } from "../../../src/server/running-programs.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { runOk } from "../../support/engine/run.ts";
import { sharedServer } from "../../support/engine/server.ts";
import { findFreePort } from "../../support/free-port.ts";

test("the image of a container that publishes the server's port has its programs, if it is of that version", async () => {
  const { container, port = 0 } = await sharedServer(17);
  const image = (await runOk("docker", ["inspect", "-f", "{{.Image}}", container])).trim();
  const find = (host: string, at: number, major: number) => findImageAt(systemRunner, { host, port: at }, major);
  expect(await find("127.0.0.1", port, 17)).toBe(image);
  expect(await find("localhost", port, 17)).toBe(image);
  expect(await find("127.0.0.1", port, 18)).toBeUndefined();
  expect(await find("127.0.0.1", await findFreePort(), 17)).toBeUndefined();
  expect(await find("db.example", port, 17)).toBeUndefined();
});
