/** A port at which nothing answers until it is opened: from then on the server of the tests does. */
import { connect, createServer, type Server } from "node:net";
import type { TestServer } from "../engine/server.ts";
import { findFreePort } from "../free-port.ts";

export class LateServer implements AsyncDisposable {
  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  /** Finds a free port, and leaves it free until `open`. */
  static async reserve({ port: target = 0 }: TestServer): Promise<LateServer> {
    const relay = createServer((near) => {
      const far = connect(target, "127.0.0.1");
      near.on("error", () => far.destroy());
      far.on("error", () => near.destroy());
      near.pipe(far).pipe(near);
    });
    return new LateServer(relay, await findFreePort());
  }

  async open(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.server.once("error", reject);
    this.server.listen(this.port, "127.0.0.1", resolve);
    await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
  }
}
