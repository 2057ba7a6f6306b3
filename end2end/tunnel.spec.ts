// script/tunnel, with stand-ins for the tools. Needs neither a browser nor a build.
import fs from "node:fs/promises";
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

const tunnel = (here: Place, rest: string[] = ["3001"], more: Record<string, string> = {}) =>
  here.start([path.join(scripts, "tunnel"), ...rest], more);

test("ngrok gives the address that its log names", async ({ here }) => {
  await here.standIn("ngrok", [...ngrokStarts, ...ngrokStands]);
  const run = tunnel(here);
  await expect.poll(() => run.out).toBe(`${ngrokUrl}\n`);
  expect(await here.text("ngrok.arguments")).toBe("http http://127.0.0.1:3001 --log stdout --log-format json");
});

test("cloudflared gives the address of its quick tunnel", async ({ here }) => {
  await here.standIn("cloudflared", [...cloudflaredStarts, ...cloudflaredAddress, ...cloudflaredStands]);
  const run = tunnel(here);
  await expect.poll(() => run.out).toBe(`${cloudflaredUrl}\n`);
  const given = await here.text("cloudflared.arguments");
  expect(given).toContain("--url http://127.0.0.1:3001");
  expect(given, "a named tunnel's own file must not rule").toContain("--config /dev/null");
});

test("of both ngrok is taken, as it keeps its address and passes events on, unless cloudflared is asked for", async ({ here }) => {
  await here.standIn("ngrok", [...ngrokStarts, ...ngrokStands]);
  await here.standIn("cloudflared", [...cloudflaredStarts, ...cloudflaredAddress, ...cloudflaredStands]);
  const first = tunnel(here);
  await expect.poll(() => first.out).toBe(`${ngrokUrl}\n`);
  const second = tunnel(here, ["--with", "cloudflared", "3001"]);
  await expect.poll(() => second.out).toBe(`${cloudflaredUrl}\n`);
});

test("with neither, one line says what to install", async ({ here }) => {
  const run = tunnel(here);
  expect(await run.ended).toBe(1);
  expect(run.out).toBe("");
  expect(run.err).toMatch(/^tunnel: neither ngrok nor cloudflared is installed: .*ngrok\.com\/download.*cloudflared.*\n$/);
});

test("the one asked for is missed by name, although the other is there", async ({ here }) => {
  await here.standIn("cloudflared", []);
  const run = tunnel(here, ["--with", "ngrok", "3001"]);
  expect(await run.ended).toBe(1);
  expect(run.err).toMatch(/^tunnel: ngrok is not installed: .*\n$/);
});

test("an address without a connection is none yet", async ({ here }) => {
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

test("ngrok without an account is reported in its own words, on one line, at once", async ({ here }) => {
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
  test(`an authtoken that ngrok quotes in ${where} is not repeated`, async ({ here }) => {
      await here.standIn("ngrok", [...ngrokStarts.slice(0, 3), line, "ERROR:  ERR_NGROK_107"].slice(0, where === "its log" ? 4 : 5), "exit 1");
    const run = tunnel(here);
    expect(await run.ended).toBe(1);
    expect(run.err).toContain("ERR_NGROK_107");
    expect(run.out + run.err).not.toContain("SECRET");
  });
}

test("cloudflared that cannot reach Cloudflare does not pass the name of its gateway off as an address", async ({ here }) => {
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
  test(`${name} that never says an address is stopped in time, with its last words`, async ({ here }) => {
      await here.standIn(name, [...lines]);
    const run = tunnel(here, ["3001"], { TUNNEL_TIMEOUT_SECS: "1" });
    expect(await run.ended).toBe(1);
    expect(run.err).toMatch(new RegExp(`^tunnel: ${name} gave no address within 1 s: .*${last}.*\\n$`));
    expect(await here.lives(`${name}.pid`)).toBe(false);
  });
}

test("a tunnel that dies later is reported in one line", async ({ here }) => {
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
  test(`${signal} ends the tool too, without a word, and leaves no file`, async ({ here }) => {
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

test("a tool that Ctrl-C reached before us is not reported as one that failed", async ({ here }) => {
  await here.standIn("ngrok", [...ngrokStarts, ...ngrokStands]);
  const run = tunnel(here);
  await expect.poll(() => run.out).toBe(`${ngrokUrl}\n`);
  process.kill(Number(await here.text("ngrok.pid")), "SIGTERM");
  await expect.poll(() => here.lives("ngrok.pid"), { intervals: [10] }).toBe(false);
  run.child.kill("SIGINT");
  expect(await run.ended).toBe(0);
  expect(run.err).toBe("");
});

test("a tool that will not go is made to", async ({ here }) => {
  await here.standIn("ngrok", [...ngrokStarts, ...ngrokStands], "trap '' TERM\nexec sleep 600");
  const run = tunnel(here);
  await expect.poll(() => run.out).toBe(`${ngrokUrl}\n`);
  run.child.kill("SIGTERM");
  expect(await run.ended).toBe(0);
  expect(await here.lives("ngrok.pid")).toBe(false);
});

test("wrong usage is exit 2", async ({ here }) => {
  for (const rest of [[], ["--with", "frp", "3001"], ["here"]]) {
    const run = tunnel(here, rest);
    expect(await run.ended, rest.join(" ")).toBe(2);
    expect(run.err).toContain("script/tunnel");
  }
});
