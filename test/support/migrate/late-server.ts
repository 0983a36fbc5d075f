/** A port at which nothing answers until it is opened: from then on the server of the tests does. */
import { connect, createServer, type Server } from "node:net";
import type { TestServer } from "../engine/server.ts";

export class LateServer implements AsyncDisposable {
  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  /** Finds a free port, and leaves it free until `open`. */
  static async reserve({ port: target = 0 }: TestServer): Promise<LateServer> {
    const probe = createServer();
    const port = await listen(probe, 0);
    await new Promise((resolve) => probe.close(resolve));
    const relay = createServer((near) => {
      const far = connect(target, "127.0.0.1");
      near.on("error", () => far.destroy());
      far.on("error", () => near.destroy());
      near.pipe(far).pipe(near);
    });
    return new LateServer(relay, port);
  }

  async open(): Promise<void> {
    await listen(this.server, this.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
  }
}

async function listen(server: Server, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once("error", reject);
  server.listen(port, "127.0.0.1", () => {
    const address = server.address();
    resolve(typeof address === "object" && address !== null ? address.port : port);
  });
  return await promise;
}
