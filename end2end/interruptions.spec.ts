// What happens to a call while something else does: the token ages, the server restarts, somebody leaves the page or mutes.
import type { Page } from "@playwright/test";
import type { Installation } from "./support/installation.ts";
import type { Phone } from "./support/phone.ts";
import { expect, test, testAlone } from "./support/test.ts";
import { channels, energy, RATE, seconds } from "./support/wav.ts";

async function recording(page: Page, url: string, sid: string | null) {
  const audio = await page.request.get(`${url}/api/calls/${sid}/recording`);
  expect(audio.status()).toBe(200);
  return channels(await audio.body());
}

testAlone("the server restarts in a call: the call goes on, and its row still changes without a reload", async ({ own, agent }) => {
  await agent.open();
  await agent.ready();
  await agent.dial("0569705616");
  await agent.state("in-call");
  await agent.page.evaluate(() => document.body.setAttribute("data-same-page", ""));
  const stopping = Date.now();
  await own.stopServer();
  const stopped = Date.now();
  await agent.talked(8);
  const resumed = agent.page.waitForResponse((response) => response.url().includes("/api/calls/events?last_event_id=") && response.status() === 200);
  await own.startServer();
  const up = Date.now();
  await resumed;
  console.log(`server restarted in a call: stopped within ${stopped - stopping} ms, the page's stream resumed ${Date.now() - up} ms after it was up`);
  expect(stopped - stopping).toBeLessThan(10_000);
  expect(Date.now() - up).toBeLessThan(3_000);
  await agent.state("in-call");
  await agent.hangUp();
  const row = await agent.newest("completed");
  await expect(row.getByTestId("call-play")).toBeVisible();
  await expect(agent.page.locator("body")).toHaveAttribute("data-same-page", "");
});

test("three access tokens expire in one call: it goes on, and no sound is lost", async ({ phone, installation }) => {
  let given = 0;
  await phone.page.route("**/api/calls/token", async (route) => {
    const response = await route.fetch();
    given += 1;
    await route.fulfill({ response, json: { ...(await response.json()), expires_at: new Date(Date.now() + 6_000).toISOString() } });
  });
  await phone.open();
  await phone.ready();
  await phone.dial("0569705616");
  await phone.state("in-call");
  const before = given;
  await expect.poll(() => given, { timeout: 30_000 }).toBeGreaterThanOrEqual(before + 3);
  await phone.state("in-call");
  await phone.hangUp();
  const row = await phone.newest("completed");
  await expect(row.getByTestId("call-play")).toBeVisible();
  const [agent] = await recording(phone.page, installation.url, await row.getAttribute("data-sid"));
  // Chromium's stand-in microphone beeps every second.
  for (const [second, loud] of seconds(agent).slice(1, -1).entries()) expect(loud, `second ${second + 1}`).toBeGreaterThan(20);
});

/** Twilio refuses every token given so far, from its next use on: the drop makes it be used. Says how many the page has asked for since. */
async function refuseTokens(own: Installation, { page }: Phone): Promise<() => number> {
  await own.simulator("POST", "/tokens/invalidate");
  // Tokens know whole seconds: one that is asked for after this one is a later one.
  const second = Math.floor(Date.now() / 1000);
  await expect.poll(() => Math.floor(Date.now() / 1000)).toBeGreaterThan(second);
  let asked = 0;
  page.on("request", (request) => void (asked += request.url().endsWith("/api/calls/token") ? 1 : 0));
  await own.simulator("POST", "/signal/drop");
  return () => asked;
}

/** Twilio's word for a token that was good once, 31205. The simulator says of one that it shall refuse that it is not valid, 31204. */
async function sayExpired(page: Page): Promise<void> {
  await page.routeWebSocket(/\/signal/, (browser) => {
    const twilio = browser.connectToServer();
    twilio.onMessage((frame) => browser.send(String(frame).replace('"code":31204', '"code":31205')));
  });
}

for (const fault of ["expired", "not valid"] as const) {
  testAlone(`the access token is ${fault} between calls: the page gets another by itself, and the next call goes through`, async ({ own, agent }) => {
    if (fault === "expired") await sayExpired(agent.page);
    await agent.open("?debug");
    await agent.ready();
    const asked = await refuseTokens(own, agent);
    await expect.poll(asked).toBeGreaterThan(0);
    await agent.ready();
    await agent.dial("0569705616");
    await agent.state("in-call");
    await agent.hangUp();
    await agent.newest("completed");
    expect(asked()).toBeLessThanOrEqual(3);
  });

  testAlone(`the access token is ${fault} in a call: the call goes on, and the phone is ready after it`, async ({ own, agent }) => {
    if (fault === "expired") await sayExpired(agent.page);
    await agent.open("?debug");
    await agent.ready();
    await agent.dial("0569705616");
    await agent.state("in-call");
    await agent.talked(3);
    const asked = await refuseTokens(own, agent);
    await expect.poll(asked).toBeGreaterThan(0);
    await agent.state("in-call");
    const { calls } = await own.simulator<{ calls: { status: string }[] }>("GET", "/calls");
    expect(calls.map(({ status }) => status)).toEqual(["in-progress", "in-progress"]);
    await agent.hangUp();
    await agent.newest("completed");
    await agent.ready();
    await expect(agent.rows).toHaveCount(1);
    expect(asked()).toBeLessThanOrEqual(3);
  });
}

test("a muted agent is not heard, the customer still is", async ({ phone, installation }) => {
  await phone.open();
  await phone.ready();
  await phone.dial("0569705616");
  await phone.state("in-call");
  await phone.talked(3);
  await phone.page.getByTestId("dialer-mute").click();
  await phone.talked(8);
  await phone.hangUp();
  const row = await phone.newest("completed");
  await expect(row.getByTestId("call-play")).toBeVisible();
  const [agent] = await recording(phone.page, installation.url, await row.getAttribute("data-sid"));
  expect(energy(agent.subarray(0, 3 * RATE))).toBeGreaterThan(50);
  expect(energy(agent.subarray(agent.length - 2 * RATE))).toBeLessThan(5);
});

test("leaving the page in a call asks first; between calls it does not", async ({ phone }) => {
  const asked: string[] = [];
  phone.page.on("dialog", async (dialog) => {
    asked.push(dialog.type());
    await dialog.dismiss();
  });
  await phone.open();
  await phone.ready();
  await phone.dial("0569705616");
  await phone.state("in-call");
  await phone.page.close({ runBeforeUnload: true });
  await expect.poll(() => asked).toEqual(["beforeunload"]);
  await phone.state("in-call");
  await phone.hangUp();
  await phone.newest("completed");
  await phone.page.reload();
  await phone.ready();
  expect(asked).toEqual(["beforeunload"]);
});

test("the screen is kept awake in a call, and let go after it", async ({ phone, context }) => {
  await context.addInitScript(() => {
    const held = { now: 0 };
    Object.assign(globalThis, { held });
    navigator.wakeLock.request = async () => {
      held.now += 1;
      return Object.assign(new EventTarget(), { released: false, type: "screen", release: async () => void (held.now -= 1) }) as unknown as WakeLockSentinel;
    };
  });
  const held = () => phone.page.evaluate(() => (globalThis as unknown as { held: { now: number } }).held.now);
  await phone.open();
  await phone.ready();
  expect(await held()).toBe(0);
  await phone.dial("0569705616");
  await phone.state("in-call");
  await expect.poll(held).toBe(1);
  await phone.hangUp();
  await phone.newest("completed");
  await expect.poll(held).toBe(0);
});

test("another microphone may be chosen in a call", async ({ phone }) => {
  await phone.open();
  await phone.ready();
  await phone.dial("0569705616");
  await phone.state("in-call");
  await phone.page.locator("details.sound summary").click();
  const choice = phone.page.locator("details.sound select").first();
  await expect.poll(() => choice.locator("option").count()).toBeGreaterThan(1);
  const chosen = await choice.locator("option").last().getAttribute("value");
  await choice.selectOption(chosen);
  await expect(choice).toHaveValue(chosen ?? "");
  await phone.talked(3);
  await phone.hangUp();
  await phone.newest("completed");
});
