/** A network that can be cut: a port of loopback whose connections are handed on to another one. */
import { connect, createServer, type Server, type Socket } from "node:net";

export class Relay {
  private readonly ends = new Set<Socket>();
  private isCut = false;
  /** How many bytes clients have sent through it. */
  carried = 0;

  private constructor(
    readonly port: number,
    private readonly listener: Server,
  ) {}

  /** Listens on a port that the kernel chooses. */
  static async start(to: () => number): Promise<Relay> {
    const listener = createServer({ allowHalfOpen: true });
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    listener.once("error", reject);
    listener.listen(0, "127.0.0.1", () => resolve(Reflect.get(Object(listener.address()), "port")));
    const relay = new Relay(await promise, listener);
    listener.on("connection", (client) => relay.join(client, to()));
    return relay;
  }

  /** Whether there is any connection. */
  get isBusy(): boolean {
    return this.ends.size > 0;
  }

  /** Ends every connection, and takes no new one until it is mended. Says how many there were. */
  cut(): number {
    this.isCut = true;
    const count = this.ends.size / 2;
    for (const end of this.ends) end.resetAndDestroy();
    return count;
  }

  mend(): void {
    this.isCut = false;
  }

  stop(): void {
    this.cut();
    this.listener.close();
  }

  private join(client: Socket, port: number): void {
    if (this.isCut) return void client.resetAndDestroy();
    const server = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    client.on("data", (chunk: Buffer) => {
      this.carried += chunk.length;
    });
    for (const [end, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.ends.add(end);
      end.setNoDelay(true);
      end.on("error", () => other.destroy());
      end.on("close", () => {
        this.ends.delete(end);
        other.destroy();
      });
      end.pipe(other);
    }
  }
}
