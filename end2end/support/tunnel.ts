// Stand-ins for ngrok and cloudflared that say what the real ones say, and a place where nothing else is on PATH.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test as base, expect } from "@playwright/test";

export const scripts = path.resolve(import.meta.dirname, "../../script");

export const ngrokStarts = [
  '{"lvl":"info","msg":"using configuration at default config path","path":"/home/someone/.config/ngrok/ngrok.yml","t":"2026-09-30T02:40:00Z"}',
  '{"err":"\\u003cnil\\u003e","lvl":"info","msg":"open config file","path":"/home/someone/.config/ngrok/ngrok.yml","t":"2026-09-30T02:40:00Z"}',
  '{"addr":"127.0.0.1:4040","allow_hosts":[],"lvl":"info","msg":"starting web service","obj":"web","t":"2026-09-30T02:40:00Z"}',
  '{"lvl":"info","msg":"client session established","obj":"tunnels.session","t":"2026-09-30T02:40:01Z"}',
];
export const ngrokStands = [
  '{"lvl":"info","msg":"tunnel session started","obj":"tunnels.session","t":"2026-09-30T02:40:01Z"}',
  '{"addr":"http://127.0.0.1:3001","lvl":"info","msg":"started tunnel","name":"command_line","obj":"tunnels","t":"2026-09-30T02:40:01Z","url":"https://zebra-proud-hill.ngrok-free.dev"}',
];
export const cloudflaredStarts = [
  "2026-08-31T12:00:00Z INF Thank you for trying Cloudflare Tunnel. Doing so, without a Cloudflare account, is a quick way to experiment and try it out. If you intend to use Tunnels in production you should use a pre-created named tunnel by following: https://developers.cloudflare.com/cloudflare-one/connections/connect-apps",
  "2026-08-31T12:00:00Z INF Requesting new quick Tunnel on trycloudflare.com...",
];
export const cloudflaredAddress = [
  "2026-08-31T12:00:02Z INF +--------------------------------------------------------------------------------------------+",
  "2026-08-31T12:00:02Z INF |  Your quick Tunnel has been created! Visit it at (it may take some time to be reachable):  |",
  "2026-08-31T12:00:02Z INF |  https://judge-arcade-brother-manual.trycloudflare.com                                     |",
  "2026-08-31T12:00:02Z INF +--------------------------------------------------------------------------------------------+",
];
export const cloudflaredStands = [
  "2026-08-31T12:00:03Z INF Registered tunnel connection connIndex=0 connection=5f0c event=0 ip=198.41.192.7 location=ruh01 protocol=quic",
];
export const ngrokUrl = "https://zebra-proud-hill.ngrok-free.dev";
export const cloudflaredUrl = "https://judge-arcade-brother-manual.trycloudflare.com";

/** A folder of its own for each test: `bin/` is the whole PATH, so that a real ngrok of this machine is never found. */
export class Place {
  private readonly runs: Run[] = [];

  private constructor(readonly folder: string) {}

  static async make(): Promise<Place> {
    const place = new Place(await fs.mkdtemp(path.join(os.tmpdir(), "almasar-tunnel-")));
    await fs.mkdir(place.at("bin"));
    for (const tool of ["bash", "env", "awk", "cat", "cut", "dirname", "grep", "mktemp", "rm", "script", "sed", "seq", "sh", "sleep"]) {
      const found = ["/usr/bin", "/bin"].map((folder) => path.join(folder, tool));
      for (const target of found) {
        if (await fs.access(target).then(() => true, () => false)) {
          await fs.symlink(target, place.at("bin", tool));
          break;
        }
      }
    }
    return place;
  }

  at(...parts: string[]): string {
    return path.join(this.folder, ...parts);
  }

  /** Puts a tool on PATH that says these lines where the real one does, then does `then`. It leaves its process id and its arguments. */
  async standIn(name: "ngrok" | "cloudflared", lines: string[], then = "exec sleep 600"): Promise<void> {
    await fs.writeFile(this.at(`${name}.says`), `${lines.join("\n")}\n`);
    const stream = name === "ngrok" ? "" : " >&2";
    const text = `#!/usr/bin/env bash
echo "$$" >"${this.at(`${name}.pid`)}"
echo "$*" >"${this.at(`${name}.arguments`)}"
cat "${this.at(`${name}.says`)}"${stream}
${then}
`;
    await fs.writeFile(this.at("bin", name), text, { mode: 0o755 });
  }

  /** What that file holds; nothing if it is not there (yet). */
  async text(name: string): Promise<string> {
    return (await fs.readFile(this.at(name), "utf8").catch(() => "")).trim();
  }

  /** Is the process whose id that file holds still there? */
  async lives(name: string): Promise<boolean> {
    const id = Number(await this.text(name));
    expect(id, `${name} holds a process id`).toBeGreaterThan(0);
    try {
      process.kill(id, 0);
      return true;
    } catch {
      return false;
    }
  }

  start(command: string[], more: Record<string, string> = {}): Run {
    const [program, ...rest] = command;
    const env = { PATH: this.at("bin"), TMPDIR: this.folder, TUNNEL_TIMEOUT_SECS: "10", ...more } as NodeJS.ProcessEnv;
    const run = new Run(spawn(program as string, rest, { cwd: this.folder, env, stdio: "pipe" }));
    this.runs.push(run);
    return run;
  }

  /** Ends what still runs, and leaves nothing behind. */
  async clear(): Promise<void> {
    for (const { child, ended } of this.runs) {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      await ended;
    }
    await fs.rm(this.folder, { recursive: true });
  }
}

/** A program that runs: what it has said so far, and how it ended. */
export class Run {
  out = "";
  err = "";
  readonly ended: Promise<number | null>;

  constructor(readonly child: ChildProcess) {
    child.stdout?.on("data", (data) => (this.out += data));
    child.stderr?.on("data", (data) => (this.err += data));
    this.ended = once(child, "close").then(([code]) => code as number | null);
  }
}

export const test = base.extend<{ here: Place }>({
  here: async ({}, use) => {
    const here = await Place.make();
    await use(here);
    await here.clear();
  },
});

export { expect };
