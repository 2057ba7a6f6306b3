// script/tunnel and script/run --tunnel, with stand-ins for ngrok and cloudflared on PATH that say what the real ones say.
// Needs neither a browser nor a build: what script/run builds and starts is stood in for, too.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { expect, test } from "@playwright/test";

const scripts = path.resolve(import.meta.dirname, "../script");

const ngrokStarts = [
  '{"lvl":"info","msg":"using configuration at default config path","path":"/home/someone/.config/ngrok/ngrok.yml","t":"2026-09-30T02:40:00Z"}',
  '{"err":"\\u003cnil\\u003e","lvl":"info","msg":"open config file","path":"/home/someone/.config/ngrok/ngrok.yml","t":"2026-09-30T02:40:00Z"}',
  '{"addr":"127.0.0.1:4040","allow_hosts":[],"lvl":"info","msg":"starting web service","obj":"web","t":"2026-09-30T02:40:00Z"}',
  '{"lvl":"info","msg":"client session established","obj":"tunnels.session","t":"2026-09-30T02:40:01Z"}',
];
const ngrokStands = [
  '{"lvl":"info","msg":"tunnel session started","obj":"tunnels.session","t":"2026-09-30T02:40:01Z"}',
  '{"addr":"http://127.0.0.1:3001","lvl":"info","msg":"started tunnel","name":"command_line","obj":"tunnels","t":"2026-09-30T02:40:01Z","url":"https://zebra-proud-hill.ngrok-free.dev"}',
];
const cloudflaredStarts = [
  "2026-08-31T12:00:00Z INF Thank you for trying Cloudflare Tunnel. Doing so, without a Cloudflare account, is a quick way to experiment and try it out. If you intend to use Tunnels in production you should use a pre-created named tunnel by following: https://developers.cloudflare.com/cloudflare-one/connections/connect-apps",
  "2026-08-31T12:00:00Z INF Requesting new quick Tunnel on trycloudflare.com...",
];
const cloudflaredAddress = [
  "2026-08-31T12:00:02Z INF +--------------------------------------------------------------------------------------------+",
  "2026-08-31T12:00:02Z INF |  Your quick Tunnel has been created! Visit it at (it may take some time to be reachable):  |",
  "2026-08-31T12:00:02Z INF |  https://judge-arcade-brother-manual.trycloudflare.com                                     |",
  "2026-08-31T12:00:02Z INF +--------------------------------------------------------------------------------------------+",
];
const cloudflaredStands = [
  "2026-08-31T12:00:03Z INF Registered tunnel connection connIndex=0 connection=5f0c event=0 ip=198.41.192.7 location=ruh01 protocol=quic",
];
const ngrokUrl = "https://zebra-proud-hill.ngrok-free.dev";
const cloudflaredUrl = "https://judge-arcade-brother-manual.trycloudflare.com";

/** A folder of its own for each test: `bin/` is the whole PATH, so that a real ngrok of this machine is never found. */
class Place {
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

  /** Puts a tool on PATH that writes its lines to `stream`, and then does `then`. It leaves its process id and its arguments. */
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

  environment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
    return { PATH: this.at("bin"), TMPDIR: this.folder, TUNNEL_TIMEOUT_SECS: "10", ...more } as NodeJS.ProcessEnv;
  }
}

/** A program that runs: what it has said so far, and how it ended. */
class Run {
  out = "";
  err = "";
  readonly ended: Promise<number | null>;

  constructor(readonly child: ChildProcess) {
    child.stdout?.on("data", (data) => (this.out += data));
    child.stderr?.on("data", (data) => (this.err += data));
    this.ended = once(child, "close").then(([code]) => code as number | null);
  }
}

const places: Place[] = [];
const runs: Run[] = [];

async function place(): Promise<Place> {
  const made = await Place.make();
  places.push(made);
  return made;
}

function start(command: string[], place: Place, more: Record<string, string> = {}): Run {
  const [program, ...rest] = command;
  const run = new Run(spawn(program as string, rest, { cwd: place.folder, env: place.environment(more), stdio: "pipe" }));
  runs.push(run);
  return run;
}

const tunnel = (place: Place, rest: string[] = ["3001"], more: Record<string, string> = {}) =>
  start([path.join(scripts, "tunnel"), ...rest], place, more);

test.afterEach(async () => {
  for (const run of runs.splice(0)) {
    if (run.child.exitCode === null && run.child.signalCode === null) run.child.kill("SIGTERM");
    await run.ended;
  }
  for (const place of places.splice(0)) await fs.rm(place.folder, { recursive: true });
});

test.describe("script/tunnel", () => {
  test("ngrok gives the address that its log names", async () => {
    const here = await place();
    await here.standIn("ngrok", [...ngrokStarts, ...ngrokStands]);
    const run = tunnel(here);
    await expect.poll(() => run.out).toBe(`${ngrokUrl}\n`);
    expect(await here.text("ngrok.arguments")).toBe("http http://127.0.0.1:3001 --log stdout --log-format json");
  });

  test("cloudflared gives the address of its quick tunnel", async () => {
    const here = await place();
    await here.standIn("cloudflared", [...cloudflaredStarts, ...cloudflaredAddress, ...cloudflaredStands]);
    const run = tunnel(here);
    await expect.poll(() => run.out).toBe(`${cloudflaredUrl}\n`);
    const given = await here.text("cloudflared.arguments");
    expect(given).toContain("--url http://127.0.0.1:3001");
    expect(given, "a named tunnel's own file must not rule").toContain("--config /dev/null");
  });

  test("of both ngrok is taken, as it keeps its address and passes events on, unless cloudflared is asked for", async () => {
    const here = await place();
    await here.standIn("ngrok", [...ngrokStarts, ...ngrokStands]);
    await here.standIn("cloudflared", [...cloudflaredStarts, ...cloudflaredAddress, ...cloudflaredStands]);
    const first = tunnel(here);
    await expect.poll(() => first.out).toBe(`${ngrokUrl}\n`);
    const second = tunnel(here, ["--with", "cloudflared", "3001"]);
    await expect.poll(() => second.out).toBe(`${cloudflaredUrl}\n`);
  });

  test("with neither, one line says what to install", async () => {
    const here = await place();
    const run = tunnel(here);
    expect(await run.ended).toBe(1);
    expect(run.out).toBe("");
    expect(run.err).toMatch(/^tunnel: neither ngrok nor cloudflared is installed: .*ngrok\.com\/download.*cloudflared.*\n$/);
  });

  test("the one asked for is missed by name, although the other is there", async () => {
    const here = await place();
    await here.standIn("cloudflared", []);
    const run = tunnel(here, ["--with", "ngrok", "3001"]);
    expect(await run.ended).toBe(1);
    expect(run.err).toMatch(/^tunnel: ngrok is not installed: .*\n$/);
  });

  test("an address without a connection is none yet", async () => {
    const here = await place();
    await here.standIn("cloudflared", [...cloudflaredStarts, ...cloudflaredAddress], `until [ -e "${here.at("go")}" ]; do sleep 0.1; done
cat "${here.at("registered")}" >&2
exec sleep 600`);
    await fs.writeFile(here.at("registered"), `${cloudflaredStands.join("\n")}\n`);
    const run = tunnel(here);
    await expect.poll(() => here.text("cloudflared.pid")).not.toBe("");
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(run.out).toBe("");
    await fs.writeFile(here.at("go"), "");
    await expect.poll(() => run.out).toBe(`${cloudflaredUrl}\n`);
  });

  test("ngrok without an account is reported in its own words, on one line, at once", async () => {
    const here = await place();
    const words = "authentication failed: Usage of ngrok requires a verified account and authtoken.";
    const logged = `${words}\\n\\nSign up for an account: https://dashboard.ngrok.com/signup\\r\\n\\r\\nERR_NGROK_4018\\r\\n`;
    await here.standIn("ngrok", [
      ...ngrokStarts.slice(0, 3),
      `{"err":"${logged}","lvl":"eror","msg":"failed to reconnect session","obj":"tunnels.session"}`,
      `{"err":"${logged}","lvl":"crit","msg":"command failed"}`,
      `ERROR:  ${words}`,
      "ERROR:  ",
      "ERROR:  Sign up for an account: https://dashboard.ngrok.com/signup",
      "ERROR:  Install your authtoken: https://dashboard.ngrok.com/get-started/your-authtoken",
      "ERROR:  ",
      "ERROR:  ERR_NGROK_4018",
    ], "exit 1");
    const run = tunnel(here);
    expect(await run.ended).toBe(1);
    expect(run.err).toBe(
      `tunnel: ngrok stopped before it gave an address: ${words} Sign up for an account: https://dashboard.ngrok.com/signup ` +
        "Install your authtoken: https://dashboard.ngrok.com/get-started/your-authtoken ERR_NGROK_4018\n",
    );
  });

  for (const [where, line] of [
    ["its log", '{"err":"The authtoken you specified is properly formed, but it is invalid.\\nYour authtoken: 2secretSECRET9\\n\\r\\nERR_NGROK_107\\r\\n","lvl":"eror","msg":"session closing","obj":"tunnels.session"}'],
    ["its summary", "ERROR:  Your authtoken: 2secretSECRET9"],
  ] as const) {
    test(`an authtoken that ngrok quotes in ${where} is not repeated`, async () => {
      const here = await place();
      await here.standIn("ngrok", [...ngrokStarts.slice(0, 3), line, "ERROR:  ERR_NGROK_107"].slice(0, where === "its log" ? 4 : 5), "exit 1");
      const run = tunnel(here);
      expect(await run.ended).toBe(1);
      expect(run.err).toContain("ERR_NGROK_107");
      expect(run.out + run.err).not.toContain("SECRET");
    });
  }

  test("cloudflared that cannot reach Cloudflare does not pass the name of its gateway off as an address", async () => {
    const here = await place();
    const words = 'failed to request quick Tunnel: Post "https://api.trycloudflare.com/tunnel": dial tcp: lookup api.trycloudflare.com: no such host';
    await here.standIn("cloudflared", [...cloudflaredStarts, words], "exit 1");
    const run = tunnel(here);
    expect(await run.ended).toBe(1);
    expect(run.out).toBe("");
    expect(run.err).toBe(`tunnel: cloudflared stopped before it gave an address: ${words}\n`);
  });

  for (const [name, lines, last] of [
    ["ngrok", [...ngrokStarts, '{"err":"failed to dial ngrok server with address \\"connect.ngrok-agent.com:443\\": i/o timeout","lvl":"eror","msg":"failed to reconnect session"}'], "i/o timeout"],
    ["cloudflared", cloudflaredStarts, "Requesting new quick Tunnel"],
  ] as const) {
    test(`${name} that never says an address is stopped in time, with its last words`, async () => {
      const here = await place();
      await here.standIn(name, [...lines]);
      const run = tunnel(here, ["3001"], { TUNNEL_TIMEOUT_SECS: "1" });
      expect(await run.ended).toBe(1);
      expect(run.err).toMatch(new RegExp(`^tunnel: ${name} gave no address within 1 s: .*${last}.*\\n$`));
      expect(await here.lives(`${name}.pid`)).toBe(false);
    });
  }

  test("a tunnel that dies later is reported in one line", async () => {
    const here = await place();
    await here.standIn("ngrok", [...ngrokStarts, ...ngrokStands], `until [ -e "${here.at("go")}" ]; do sleep 0.1; done
echo '{"err":"session closed by the server","lvl":"eror","msg":"session closing","obj":"tunnels.session"}'
exit 1`);
    const run = tunnel(here);
    await expect.poll(() => run.out).toBe(`${ngrokUrl}\n`);
    await fs.writeFile(here.at("go"), "");
    expect(await run.ended).toBe(1);
    expect(run.err).toBe(`tunnel: ngrok has stopped, and with it ${ngrokUrl}: session closed by the server\n`);
  });

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    test(`${signal} ends the tool too, without a word, and leaves no file`, async () => {
      const here = await place();
      await here.standIn("ngrok", [...ngrokStarts, ...ngrokStands]);
      const run = tunnel(here);
      await expect.poll(() => run.out).toBe(`${ngrokUrl}\n`);
      run.child.kill(signal);
      expect(await run.ended).toBe(0);
      expect(run.err).toBe("");
      expect(await here.lives("ngrok.pid")).toBe(false);
      expect((await fs.readdir(here.folder)).filter((name) => name.startsWith("tmp."))).toEqual([]);
    });
  }

  test("a tool that Ctrl-C reached before us is not reported as one that failed", async () => {
    const here = await place();
    await here.standIn("ngrok", [...ngrokStarts, ...ngrokStands]);
    const run = tunnel(here);
    await expect.poll(() => run.out).toBe(`${ngrokUrl}\n`);
    process.kill(Number(await here.text("ngrok.pid")), "SIGTERM");
    await expect.poll(() => here.lives("ngrok.pid"), { intervals: [10] }).toBe(false);
    run.child.kill("SIGINT");
    expect(await run.ended).toBe(0);
    expect(run.err).toBe("");
  });

  test("a tool that will not go is made to", async () => {
    const here = await place();
    await here.standIn("ngrok", [...ngrokStarts, ...ngrokStands], "trap '' TERM\nexec sleep 600");
    const run = tunnel(here);
    await expect.poll(() => run.out).toBe(`${ngrokUrl}\n`);
    run.child.kill("SIGTERM");
    expect(await run.ended).toBe(0);
    expect(await here.lives("ngrok.pid")).toBe(false);
  });

  test("wrong usage is exit 2", async () => {
    const here = await place();
    for (const rest of [[], ["--with", "frp", "3001"], ["here"]]) {
      const run = tunnel(here, rest);
      expect(await run.ended, rest.join(" ")).toBe(2);
      expect(run.err).toContain("script/tunnel");
    }
  });
});

/** script/run as it is, in a tree whose set-up and build do nothing and whose `almasar` is a small server that says what it was given. */
async function tree(here: Place): Promise<number> {
  await fs.mkdir(here.at("script"));
  await fs.mkdir(here.at("target/release"), { recursive: true });
  for (const name of ["run", "tunnel"]) await fs.copyFile(path.join(scripts, name), here.at("script", name));
  for (const name of ["bootstrap", "build"]) {
    await fs.writeFile(here.at("script", name), `#!/usr/bin/env bash\necho ${name} >>"${here.at("done")}"\n`, { mode: 0o755 });
  }
  await fs.writeFile(here.at("script/toolchain"), "");
  const almasar = `#!${process.execPath}
const { appendFileSync, writeFileSync } = require("node:fs");
const [command] = process.argv.slice(2);
const said = (text) => appendFileSync(${JSON.stringify(here.at("almasar.said"))}, text + "\\n");
if (command === "user") console.log("someone@almasar.example\\tadmin\\tSomeone");
if (command === "doctor") { said(process.argv.slice(2).join(" ") + " for " + process.env.PUBLIC_URL); process.exit(Number(process.env.DOCTOR_EXIT ?? 0)); }
if (command === "serve") {
  said("serve as " + process.env.PUBLIC_URL);
  writeFileSync(${JSON.stringify(here.at("almasar.pid"))}, String(process.pid));
  const [host, port] = process.env.LISTEN_ADDR.split(":");
  require("node:net").createServer(() => {}).listen(Number(port), host);
}
`;
  await fs.writeFile(here.at("target/release/almasar"), almasar, { mode: 0o755 });
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const account = { TWILIO_ACCOUNT_SID: "AC00000000000000000000000000000001" };

test.describe("script/run --tunnel", () => {
  test("serves at the tunnel's address, whatever was set before, and says how to mend the TwiML App", async () => {
    const here = await place();
    const port = await tree(here);
    await here.standIn("ngrok", [...ngrokStarts, ...ngrokStands]);
    const run = start([here.at("script/run"), "--tunnel", "--port", String(port)], here, { ...account, PUBLIC_URL: "http://localhost:1" });
    await expect.poll(() => run.out).toContain(`PUBLIC_URL=${ngrokUrl} target/release/almasar doctor --fix`);
    expect(run.out).toContain(`Open ${ngrokUrl}/mobile-call`);
    expect(await here.text("almasar.said")).toBe(`serve as ${ngrokUrl}`);
    expect(await here.text("ngrok.arguments")).toContain(`http://127.0.0.1:${port}`);
    run.child.kill("SIGTERM");
    await run.ended;
    expect(await here.lives("ngrok.pid")).toBe(false);
    expect(await here.lives("almasar.pid")).toBe(false);
  });

  for (const code of ["0", "1"]) {
    test(`at a terminal the doctor is asked (exit ${code}), the app goes on, and Ctrl-C ends all of it`, async () => {
      const here = await place();
      const port = await tree(here);
      await here.standIn("cloudflared", [...cloudflaredStarts, ...cloudflaredAddress, ...cloudflaredStands]);
      const command = `script/run --tunnel --port ${port}`;
      const run = start([here.at("bin/script"), "-qec", command, "/dev/null"], here, { ...account, DOCTOR_EXIT: code, SHELL: here.at("bin/bash") });
      await expect.poll(() => here.text("almasar.said")).toBe(`serve as ${cloudflaredUrl}\ndoctor --fix for ${cloudflaredUrl}`);
      if (code === "1") await expect.poll(() => run.out).toContain("docs/twilio-setup.md");
      expect(await here.lives("almasar.pid")).toBe(true);
      expect(await here.lives("cloudflared.pid")).toBe(true);
      run.child.stdin?.write("\x03");
      await run.ended;
      expect(await here.lives("cloudflared.pid")).toBe(false);
      expect(await here.lives("almasar.pid")).toBe(false);
      expect(run.out).not.toContain("has stopped");
      expect((await fs.readdir(here.folder)).filter((name) => name.startsWith("tmp."))).toEqual([]);
    });
  }

  test("a tunnel that dies is reported, and the app goes on", async () => {
    const here = await place();
    const port = await tree(here);
    await here.standIn("ngrok", [...ngrokStarts, ...ngrokStands], `until [ -e "${here.at("go")}" ]; do sleep 0.1; done\nexit 1`);
    const run = start([here.at("script/run"), "--tunnel", "--port", String(port)], here, account);
    await expect.poll(() => run.out).toContain("doctor --fix");
    await fs.writeFile(here.at("go"), "");
    await expect.poll(() => run.err).toMatch(/^tunnel: ngrok has stopped, and with it https:.*\n$/);
    expect(await here.lives("almasar.pid")).toBe(true);
  });

  test("a tunnel that fails at once ends the run before the app is started", async () => {
    const here = await place();
    const port = await tree(here);
    await here.standIn("ngrok", ["ERROR:  ERR_NGROK_108"], "exit 1");
    const run = start([here.at("script/run"), "--tunnel", "--port", String(port)], here, account);
    expect(await run.ended).toBe(1);
    expect(run.err).toBe("tunnel: ngrok stopped before it gave an address: ERR_NGROK_108\n");
    expect(await here.text("almasar.said")).toBe("");
  });

  test("with the simulator it is refused, before anything is installed or built", async () => {
    const here = await place();
    await tree(here);
    await here.standIn("ngrok", []);
    const run = start([here.at("script/run"), "--tunnel"], here);
    expect(await run.ended).toBe(2);
    expect(run.err).toMatch(/^run: --tunnel .*TWILIO_ACCOUNT_SID.*\n$/);
    expect(await here.text("done")).toBe("");
  });

  test("with no tool it ends before anything is built, and a tool may be named", async () => {
    const here = await place();
    await tree(here);
    await fs.writeFile(here.at(".env"), 'TWILIO_ACCOUNT_SID="AC00000000000000000000000000000001"\n');
    const run = start([here.at("script/run"), "--tunnel"], here);
    expect(await run.ended).toBe(1);
    expect(run.err).toMatch(/^tunnel: neither .*\n$/);
    await here.standIn("ngrok", []);
    const named = start([here.at("script/run"), "--tunnel=cloudflared"], here);
    expect(await named.ended).toBe(1);
    expect(named.err).toMatch(/^tunnel: cloudflared is not installed.*\n$/);
    expect(await here.text("done")).toBe("");
  });

  test("--help says what it does", async () => {
    const here = await place();
    const run = start([path.join(scripts, "run"), "--help"], here);
    expect(await run.ended).toBe(0);
    expect(run.out).toContain("--tunnel");
  });
});
