// The network goes away under a phone and comes back: in a call, before one, and while the customer hangs up. Twice over: once the browser
// knows (Wi-Fi is off), once nobody tells it (the router has lost its line).
import type { BrowserContext, Page } from "@playwright/test";
import { Installation } from "./support/installation.ts";
import type { Phone } from "./support/phone.ts";
import { expect, testAlone as base } from "./support/test.ts";

const testAlone = base.extend({
  own: async ({}, use) => {
    const own = await Installation.start({}, { withFront: true });
    await use(own);
    await own.stop();
  },
});

type Leg = { sid: string; parent_call_sid: string | null; direction: string; status: string; live: boolean; ended_at: string | null };
type Seen = { state: string; at: number };

async function legs(own: Installation): Promise<Leg[]> {
  return (await own.simulator<{ calls: Leg[] }>("GET", "/calls")).calls;
}

/** Between the browser and everything else. What was sent waits, as TCP lets it; no connection is closed. */
class Network {
  constructor(
    private readonly own: Installation,
    private readonly context: BrowserContext,
    private readonly told: boolean,
  ) {}

  /** Returns when it went. */
  async goes(): Promise<number> {
    const at = Date.now();
    await this.own.simulator("POST", "/network", { cut_ms: 120_000 });
    if (this.told) await this.context.setOffline(true);
    else this.own.front?.fallSilent();
    return at;
  }

  async comesBack(): Promise<number> {
    const at = Date.now();
    await this.own.simulator("POST", "/network", { cut_ms: 0 });
    if (this.told) await this.context.setOffline(false);
    else this.own.front?.speakAgain();
    return at;
  }
}

/** Notes each state that the dialer shows from now on, and when. */
async function watch(page: Page): Promise<() => Promise<Seen[]>> {
  await page.evaluate(() => {
    const seen: { state: string; at: number }[] = [];
    const dialer = document.querySelector("[data-testid=dialer]") as HTMLElement;
    new MutationObserver(() => seen.push({ state: dialer.dataset.state ?? "", at: Date.now() })).observe(dialer, { attributes: true, attributeFilter: ["data-state"] });
    Object.assign(globalThis, { seen });
  });
  return () => page.evaluate(() => (globalThis as unknown as { seen: Seen[] }).seen);
}

async function talking(agent: Phone): Promise<string> {
  await agent.open();
  await agent.ready();
  await agent.dial("0569705616");
  await agent.state("in-call");
  await agent.talked(3);
  return (await agent.rows.first().getAttribute("data-sid")) ?? "";
}

/** What the server knows of the call; asked by this program, not by the browser. */
async function record(agent: Phone, own: Installation, sid: string): Promise<{ status: string; ended_at: string | null }> {
  return (await agent.page.request.get(`${own.behind}/api/calls/${sid}`)).json();
}

const after = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const secs = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

for (const told of [true, false]) {
  const manner = told ? "and the browser knows" : "and nobody tells the browser";

  for (const outage of [5, 20]) {
    testAlone(`${outage} s without a network in a call, ${manner}: it says so within 3 s, and the call goes on`, async ({ own, agent }) => {
      testAlone.setTimeout(120_000);
      const sid = await talking(agent);
      const seen = await watch(agent.page);
      const network = new Network(own, agent.page.context(), told);
      const gone = await network.goes();
      await agent.state("reconnecting");
      // The length of the outage is what is tried here.
      await after(gone + outage * 1000 - Date.now());
      expect((await record(agent, own, sid)).status).toBe("in-progress");
      const back = await network.comesBack();
      await agent.state("in-call", 20_000);
      await agent.talked(outage + 6);

      const banner = (await seen()).find(({ state }) => state === "reconnecting");
      const again = (await seen()).findLast(({ state }) => state === "in-call");
      console.log(`outage of ${outage} s, ${manner}: banner after ${secs((banner?.at ?? Infinity) - gone)}, in the call again ${secs((again?.at ?? Infinity) - back)} after it`);
      expect((banner?.at ?? Infinity) - gone).toBeLessThan(3_000);
      expect((await legs(own)).map(({ status }) => status)).toEqual(["in-progress", "in-progress"]);

      await agent.hangUp();
      const row = await agent.newest("completed", 5_000);
      await expect(row).toHaveAttribute("data-sid", sid);
      await expect(agent.rows).toHaveCount(1);
      expect(await legs(own)).toHaveLength(2);
    });
  }

  testAlone(`40 s without a network in a call, ${manner}: Twilio ends it, and the page knows when it is back`, async ({ own, agent }) => {
    testAlone.setTimeout(150_000);
    const sid = await talking(agent);
    const seen = await watch(agent.page);
    const network = new Network(own, agent.page.context(), told);
    const gone = await network.goes();
    await agent.state("reconnecting");
    // The row ends by Twilio's callback, while the browser is still away.
    await expect.poll(async () => (await record(agent, own, sid)).status, { timeout: 38_000 }).toBe("completed");
    const ended = Date.now();
    const [twilio] = (await legs(own)).map(({ ended_at }) => Date.parse(ended_at ?? ""));
    await after(gone + 40_000 - Date.now());
    const back = await network.comesBack();
    await agent.newest("completed", 10_000);
    const right = Date.now();
    await expect.poll(async () => (await seen()).some(({ state }) => state === "ended")).toBe(true);
    await agent.state("ready", 30_000);
    const ready = Date.now();

    const banner = (await seen()).find(({ state }) => state === "reconnecting");
    const over = (await seen()).find(({ state }) => state === "ended");
    console.log(
      `outage of 40 s, ${manner}: banner after ${secs((banner?.at ?? Infinity) - gone)}, record right ${secs(ended - twilio)} after Twilio's end, ` +
        `row ${secs(right - back)} and ready ${secs(ready - back)} after the network's return, "ended" ${secs((over?.at ?? Infinity) - gone)} after its loss`,
    );
    expect((banner?.at ?? Infinity) - gone).toBeLessThan(3_000);
    expect(ended - twilio).toBeLessThan(5_000);
    expect(right - back).toBeLessThan(5_000);
    await expect(agent.rows).toHaveCount(1);
    expect((await legs(own)).map(({ live }) => live)).toEqual([false, false]);
    // And it is a phone again.
    await agent.dial("0569700001");
    await agent.newest("busy");
    expect(await legs(own)).toHaveLength(4);
  });

  testAlone(`the customer hangs up while there is no network, ${manner}: the page is right within 5 s of its return`, async ({ own, agent }) => {
    testAlone.setTimeout(120_000);
    const sid = await talking(agent);
    const network = new Network(own, agent.page.context(), told);
    await network.goes();
    await agent.state("reconnecting");
    const customer = (await legs(own)).find(({ parent_call_sid }) => parent_call_sid);
    const hungUp = Date.now();
    await own.simulator("POST", `/calls/${customer?.sid}/hangup`);
    await expect.poll(async () => (await record(agent, own, sid)).status).toBe("completed");
    const recorded = Date.now();
    await after(hungUp + 6_000 - Date.now());
    const back = await network.comesBack();
    await expect(agent.dialer).toHaveAttribute("data-state", /ended|ready/, { timeout: 5_000 });
    await agent.newest("completed", 5_000);
    console.log(`the customer hung up in an outage, ${manner}: recorded after ${secs(recorded - hungUp)}, the page right ${secs(Date.now() - back)} after the network's return`);
    expect(recorded - hungUp).toBeLessThan(5_000);
    expect(Date.now() - back).toBeLessThan(5_000);
    await expect(agent.rows).toHaveCount(1);
  });
}

testAlone("the SDK restarts ICE again before the first restart is answered, as after an outage of 5 s: the call goes on at once", async ({ own, agent }) => {
  // The restarts that the SDK makes by itself then, through its own method; the call is not to be had otherwise.
  await agent.page.addInitScript(() => {
    addEventListener("load", () => {
      const { Device } = (globalThis as any).Twilio;
      const connect = Device.prototype.connect;
      Device.prototype.connect = async function (...args: unknown[]) {
        return ((globalThis as any).call = await connect.apply(this, args));
      };
    });
  });
  await talking(agent);
  // No answer comes before the last offer is made.
  await own.simulator("POST", "/network", { cut_ms: 20_000 });
  await agent.page.evaluate(async () => {
    const { _mediaHandler: media } = (globalThis as any).call;
    const offers = () => Number(/^o=- \d+ (\d+)/m.exec(media.version.pc.localDescription.sdp)?.[1]);
    const before = offers();
    for (let restarts = 0; restarts < 3; restarts++) media.iceRestart();
    while (offers() < before + 3) await new Promise((resolve) => setTimeout(resolve, 20));
  });
  await own.simulator("POST", "/network", { cut_ms: 0 });
  /** Does sound come to the browser by what it offered last? */
  const renewed = () =>
    agent.page.evaluate(async () => {
      const pc: RTCPeerConnection = (globalThis as any).call._mediaHandler.version.pc;
      const stats = await pc.getStats();
      const { selectedCandidatePairId } = [...stats.values()].find(({ type }) => type === "transport");
      const { localCandidateId, bytesReceived } = stats.get(selectedCandidatePairId);
      return bytesReceived > 0 && pc.localDescription?.sdp.includes(`a=ice-ufrag:${stats.get(localCandidateId).usernameFragment}\r`);
    });
  await expect.poll(renewed, { timeout: 5_000 }).toBe(true);
  await agent.state("in-call");
  await agent.hangUp();
  await agent.newest("completed");
  expect(await legs(own)).toHaveLength(2);
});

testAlone("Call is pressed while the browser knows that it has no network: nothing is called, then or later", async ({ own, agent }) => {
  await agent.open();
  await agent.ready();
  const network = new Network(own, agent.page.context(), true);
  await network.goes();
  await agent.state("offline");
  await agent.page.getByTestId("dialer-number").fill("0569705616");
  await agent.page.keyboard.press("Enter");
  await expect(agent.message).not.toBeEmpty();
  await network.comesBack();
  await agent.ready();
  // The next call is the only one.
  await agent.dial("0569700001");
  await agent.newest("busy");
  await expect(agent.rows).toHaveCount(1);
  expect(await legs(own)).toHaveLength(2);
});

testAlone("Call is pressed while the network is silently gone: the page lets go, and when it is back nobody is rung", async ({ own, agent }) => {
  testAlone.setTimeout(120_000);
  await agent.open();
  await agent.ready();
  const network = new Network(own, agent.page.context(), false);
  const gone = await network.goes();
  await agent.dial("0569705616");
  await agent.state("connecting");
  await agent.state("ended", 45_000);
  const told = Date.now();
  await expect(agent.message).not.toBeEmpty();
  await network.comesBack();
  await agent.state("ready", 30_000);
  console.log(`a press without a network: told after ${secs(told - gone)}`);
  await agent.dial("0569700001");
  await agent.newest("busy");
  // What waited in the browser's socket may reach Twilio at last: it is the agent's leg, and it dials nobody.
  const dialled = (await legs(own)).filter(({ parent_call_sid }) => parent_call_sid);
  expect(dialled.map(({ status }) => status)).toEqual(["busy"]);
  await expect(agent.rows).toHaveCount(2);
  await expect(agent.rows.nth(1)).toHaveAttribute("data-status", /failed|canceled/);
});
