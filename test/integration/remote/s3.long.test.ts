import { afterAll, beforeAll, describe } from "bun:test";
import { openS3 } from "../../../src/remote/s3-remote.ts";
import { keepsTheContract } from "../../support/remotes/contract.ts";
import { type S3Server, startS3 } from "../../support/remotes/stores.ts";

let server: S3Server;
beforeAll(async () => {
  server = await startS3();
  await server.makeBucket("dumps");
});
afterAll(() => server?.remove());

const environment = () => ({
  AWS_ACCESS_KEY_ID: server.accessKeyId,
  AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
});

describe("a bucket", () =>
  keepsTheContract((project, tools) => {
    const config = { endpoint: server.endpoint, bucket: "dumps", prefix: "of/tests" };
    return openS3(
      config,
      { project, environment: environment(), home: "/" },
      { ...tools, clock: { now: () => new Date() } },
    );
  }));
