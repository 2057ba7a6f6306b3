// One installation of everything a test needs: the app and a Twilio of its own, on free ports, with a database of their own.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import fs from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { Front } from "./front.ts";

const root = path.resolve(import.meta.dirname, "../..");
const program = (name: string) => path.join(root, "target/release", name);

export const twilio = {
  TWILIO_ACCOUNT_SID: "AC00000000000000000000000000000001",
  TWILIO_AUTH_TOKEN: "a-token-for-tests-only",
  TWILIO_API_KEY: "SK00000000000000000000000000000001",
  TWILIO_API_SECRET: "a-secret-for-tests-only",
  TWILIO_TWIML_APP_SID: "AP00000000000000000000000000000001",
  TWILIO_CALLER_ID: "+15005550006",
};

export type Role = "agent" | "manager" | "admin";
export type Person = { email: string; password: string; role: Role };

export class Installation {
  private constructor(
    readonly url: string,
    /** The server itself, past what is in front of it. */
    readonly behind: string,
    readonly front: Front | undefined,
    readonly control: string,
    private readonly folder: string,
    private readonly environment: NodeJS.ProcessEnv,
    private readonly children: Map<string, ChildProcess>,
  ) {}

  static async start(settings: Record<string, string> = {}, { withFront = false } = {}): Promise<Installation> {
    const folder = await fs.mkdtemp(path.join(os.tmpdir(), "almasar-"));
    const [appPort, simulatorPort] = await freePorts(2);
    const front = withFront ? await Front.start(appPort) : undefined;
    const behind = `http://localhost:${appPort}`;
    const url = front ? `http://localhost:${front.port}` : behind;
    const gateway = `127.0.0.1:${simulatorPort}`;
    const environment = {
      PATH: process.env.PATH,
      RUST_LOG: process.env.RUST_LOG ?? "info",
      LISTEN_ADDR: `127.0.0.1:${appPort}`,
      PUBLIC_URL: url,
      DATABASE_URL: `sqlite://${folder}/almasar.db`,
      RECORDINGS_URL: `file://${folder}/recordings`,
      SITE_ROOT: path.join(root, "target/site"),
      TWILIO_API_BASE_URL: `http://${gateway}`,
      TWILIO_SIGNALING_HOST: `ws://${gateway}`,
      ...twilio,
      ...settings,
    };
    const children = new Map<string, ChildProcess>();
    const started = new Installation(url, behind, front, `http://${gateway}/_control`, folder, environment, children);
    try {
      await started.launch("twilio-simulator", [
        ...["--listen", gateway, "--account-sid", twilio.TWILIO_ACCOUNT_SID, "--auth-token", twilio.TWILIO_AUTH_TOKEN],
        ...["--api-key", twilio.TWILIO_API_KEY, "--api-secret", twilio.TWILIO_API_SECRET, "--twiml-app-sid", twilio.TWILIO_TWIML_APP_SID],
        ...["--caller-id", twilio.TWILIO_CALLER_ID, "--voice-url", `${url}/api/calls/twiml/outbound`],
        ...["--status-callback", `${url}/api/calls/webhook/status`],
      ]);
      await started.launch("almasar", ["serve"]);
      await started.ready(started.control);
      await started.ready(`${behind}/readyz`);
      return started;
    } catch (error) {
      await started.stop();
      throw error;
    }
  }

  /** Adds somebody with a role; everybody has a phone of their own, so every test has its own agent. */
  async addPerson(role: Role): Promise<Person> {
    const email = `${role}-${crypto.randomUUID()}@almasar.example`;
    const { stdout } = await promisify(execFile)(program("almasar"), ["user", "add", email, "--role", role], { env: this.environment });
    const password = /password: (\S+)/.exec(stdout)?.[1];
    if (!password) throw new Error(`no password in ${stdout}`);
    return { email, password, role };
  }

  /** Runs `almasar` with these arguments beside the server, with the same configuration. */
  async almasar(...args: string[]): Promise<{ code: number; out: string }> {
    return new Promise((resolve) => {
      execFile(program("almasar"), args, { cwd: this.folder, env: this.environment }, (error, stdout) => {
        resolve({ code: error ? Number(error.code) : 0, out: stdout });
      });
    });
  }

  /** What the program of that name has logged. */
  async log(name: "almasar" | "twilio-simulator"): Promise<string> {
    return fs.readFile(path.join(this.folder, `${name}.log`), "utf8");
  }

  /** Tells the simulator something, or asks it. */
  async simulator<T = unknown>(method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE", route: string, body?: unknown): Promise<T> {
    const response = await fetch(this.control + route, {
      method,
      headers: { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  /** The process of that name. */
  pid(name: "almasar" | "twilio-simulator"): number | undefined {
    return this.children.get(name)?.pid;
  }

  /** The server is told to stop, as an upgrade does; resolves when it has. */
  async stopServer(): Promise<void> {
    await ended(this.children.get("almasar"));
  }

  async startServer(): Promise<void> {
    await this.launch("almasar", ["serve"]);
    await this.ready(`${this.url}/readyz`);
  }

  async stop(): Promise<void> {
    await this.front?.stop();
    await Promise.all([...this.children.values()].map(ended));
    await fs.rm(this.folder, { recursive: true, force: true });
  }

  private async launch(name: string, args: string[]): Promise<void> {
    const log = await fs.open(path.join(this.folder, `${name}.log`), "a");
    const child = spawn(program(name), args, { cwd: this.folder, env: this.environment, stdio: ["ignore", log.fd, log.fd] });
    this.children.set(name, child);
    await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    await log.close();
  }

  private async ready(address: string): Promise<void> {
    const deadline = Date.now() + 20_000;
    for (;;) {
      const up = await fetch(address).then((response) => response.ok, () => false);
      if (up) return;
      const dead = [...this.children.values()].find((child) => child.exitCode !== null);
      if (dead || Date.now() > deadline) {
        const logs = await Promise.all((["almasar", "twilio-simulator"] as const).map((name) => this.log(name).catch(() => "")));
        throw new Error(`${address} does not answer\n${logs.join("\n")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function ended(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exit;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => new Promise<net.Server>((resolve) => {
      const server = net.createServer().listen(0, "127.0.0.1", () => resolve(server));
    })),
  );
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
