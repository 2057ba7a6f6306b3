// script/run --tunnel, as it is, where set-up and build do nothing and the tools and the app are stood in for. Needs neither a browser nor a build.
import { once } from "node:events";
import fs from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import {
  cloudflaredAddress,
  cloudflaredStands,
  cloudflaredStarts,
  cloudflaredUrl,
  expect,
  ngrokStands,
  ngrokStarts,
  ngrokUrl,
  type Place,
  scripts,
  test,
} from "./support/tunnel.ts";

/** A tree whose set-up and build do nothing and whose `almasar` is a small server that says what it was given. */
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

test("serves at the tunnel's address, whatever was set before, and says how to mend the TwiML App", async ({ here }) => {
  const port = await tree(here);
  await here.standIn("ngrok", [...ngrokStarts, ...ngrokStands]);
  const run = here.start([here.at("script/run"), "--tunnel", "--port", String(port)], { ...account, PUBLIC_URL: "http://localhost:1" });
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
  test(`at a terminal the doctor is asked (exit ${code}), the app goes on, and Ctrl-C ends all of it`, async ({ here }) => {
      const port = await tree(here);
    await here.standIn("cloudflared", [...cloudflaredStarts, ...cloudflaredAddress, ...cloudflaredStands]);
    const command = `script/run --tunnel --port ${port}`;
    const run = here.start([here.at("bin/script"), "-qec", command, "/dev/null"], { ...account, DOCTOR_EXIT: code, SHELL: here.at("bin/bash") });
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

test("a tunnel that dies is reported, and the app goes on", async ({ here }) => {
  const port = await tree(here);
  await here.standIn("ngrok", [...ngrokStarts, ...ngrokStands], `until [ -e "${here.at("go")}" ]; do sleep 0.1; done\nexit 1`);
  const run = here.start([here.at("script/run"), "--tunnel", "--port", String(port)], account);
  await expect.poll(() => run.out).toContain("doctor --fix");
  await fs.writeFile(here.at("go"), "");
  await expect.poll(() => run.err).toMatch(/^tunnel: ngrok has stopped, and with it https:.*\n$/);
  expect(await here.lives("almasar.pid")).toBe(true);
});

test("a tunnel that fails at once ends the run before the app is started", async ({ here }) => {
  const port = await tree(here);
  await here.standIn("ngrok", ["ERROR:  ERR_NGROK_108"], "exit 1");
  const run = here.start([here.at("script/run"), "--tunnel", "--port", String(port)], account);
  expect(await run.ended).toBe(1);
  expect(run.err).toBe("tunnel: ngrok stopped before it gave an address: ERR_NGROK_108\n");
  expect(await here.text("almasar.said")).toBe("");
});

test("with the simulator it is refused, before anything is installed or built", async ({ here }) => {
  await tree(here);
  await here.standIn("ngrok", []);
  const run = here.start([here.at("script/run"), "--tunnel"]);
  expect(await run.ended).toBe(2);
  expect(run.err).toMatch(/^run: --tunnel .*TWILIO_ACCOUNT_SID.*\n$/);
  expect(await here.text("done")).toBe("");
});

test("with no tool it ends before anything is built, and a tool may be named", async ({ here }) => {
  await tree(here);
  await fs.writeFile(here.at(".env"), 'TWILIO_ACCOUNT_SID="AC00000000000000000000000000000001"\n');
  const run = here.start([here.at("script/run"), "--tunnel"]);
  expect(await run.ended).toBe(1);
  expect(run.err).toMatch(/^tunnel: neither .*\n$/);
  await here.standIn("ngrok", []);
  const named = here.start([here.at("script/run"), "--tunnel=cloudflared"]);
  expect(await named.ended).toBe(1);
  expect(named.err).toMatch(/^tunnel: cloudflared is not installed.*\n$/);
  expect(await here.text("done")).toBe("");
});

test("--help says what it does", async ({ here }) => {
  const run = here.start([path.join(scripts, "run"), "--help"]);
  expect(await run.ended).toBe(0);
  expect(run.out).toContain("--tunnel");
});
