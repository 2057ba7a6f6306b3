// A proxy in front of the server that can fall silent for browsers, as a router without a line does: connections stay open, and what is sent waits.
// Twilio's requests come another way, and pass.
import net, { type AddressInfo } from "node:net";

const twilio = /^POST \/api\/calls\/(twiml|webhook)\//;

export class Front {
  private readonly browsers = new Set<net.Socket>();
  /** Theirs, Twilio's, and those that have said nothing yet: the server closes when the last of them has. */
  private readonly all = new Set<net.Socket>();
  private silent = false;

  private constructor(private readonly server: net.Server) {}

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** On a port of its own, before the server that listens on `target`. */
  static async start(target: number): Promise<Front> {
    const server = net.createServer({ allowHalfOpen: true });
    const front = new Front(server);
    server.on("connection", (browser) => front.take(browser, target));
    await new Promise<void>((resolve, reject) => server.listen(0, "127.0.0.1", resolve).once("error", reject));
    return front;
  }

  fallSilent(): void {
    this.silent = true;
    for (const socket of this.browsers) socket.pause();
  }

  speakAgain(): void {
    this.silent = false;
    for (const socket of this.browsers) socket.resume();
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.all) socket.destroy();
    await closed;
  }

  private keep(socket: net.Socket): void {
    this.all.add(socket);
    socket.once("close", () => this.all.delete(socket));
  }

  private take(browser: net.Socket, target: number): void {
    this.keep(browser);
    browser.once("data", (first) => {
      browser.pause();
      const server = net.connect(target, "127.0.0.1");
      this.keep(server);
      const both = [browser, server];
      for (const [from, to] of [[browser, server], [server, browser]] as const) {
        from.on("data", (data) => void to.write(data));
        from.on("end", () => void to.end());
        from.on("error", () => void to.destroy());
        from.on("close", () => this.browsers.delete(from));
      }
      server.write(first);
      const always = twilio.test(first.toString("latin1"));
      if (!always) for (const socket of both) this.browsers.add(socket);
      if (always || !this.silent) for (const socket of both) socket.resume();
      else for (const socket of both) socket.pause();
    });
    browser.on("error", () => browser.destroy());
  }
}
