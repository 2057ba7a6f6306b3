// A call from the page, end to end: the acceptance list of the product.
import type { Phone } from "./support/phone.ts";
import { expect, test } from "./support/test.ts";
import { channels, energy } from "./support/wav.ts";

test("a call rings, connects with sound both ways, is recorded, and plays back", async ({ phone, installation }) => {
  await phone.open("?debug");
  await phone.ready();
  await phone.dial("0569705616");
  await phone.state("ringing");
  const row = await phone.newest("ringing");
  await expect(row).toContainText("+966 56 970 5616");

  await phone.state("in-call");
  await phone.newest("in-progress");
  await expect.poll(() => phone.lines.some((line) => /\[TwilioVoice\].*#ringing/.test(line))).toBe(true);
  await expect.poll(() => phone.lines.some((line) => /\[TwilioVoice\].*#audio/.test(line))).toBe(true);
  await expect.poll(() => phone.lines.some((line) => /pc\.connectionState is "connected"/.test(line))).toBe(true);
  // Long enough for a greeting and some of the agent's own sound to be heard.
  await expect(phone.page.getByTestId("dialer-timer")).toHaveText(/0:0[4-9]|00:0[4-9]/);

  await phone.hangUp();
  await phone.state("ended");
  await phone.newest("completed");

  const play = row.getByTestId("call-play");
  await expect(play).toBeVisible();
  const sid = await row.getAttribute("data-sid");
  const audio = await phone.page.request.get(`${installation.url}/api/calls/${sid}/recording`);
  expect(audio.status()).toBe(200);
  const [agent, customer] = channels(await audio.body());
  expect(energy(agent)).toBeGreaterThan(50);
  expect(energy(customer)).toBeGreaterThan(50);

  await play.click();
  const player = phone.page.getByTestId("recording-audio");
  await expect.poll(() => player.evaluate((audio: HTMLAudioElement) => audio.currentTime)).toBeGreaterThan(0.5);
  const duration = await player.evaluate((audio: HTMLAudioElement) => audio.duration);
  expect(duration).toBeGreaterThan(3);
  await player.evaluate((audio: HTMLAudioElement) => {
    audio.pause();
    audio.currentTime = 2;
  });
  await expect.poll(() => player.evaluate((audio: HTMLAudioElement) => audio.currentTime)).toBe(2);

  const log = await installation.log("almasar");
  expect(log).toContain("WebRTC Direct Call to: +966569705616");
  expect(log).toContain("Sending TwiML for WebRTC direct call");
  expect(phone.faults).toEqual([]);
});

for (const number of ["0569705616", "٠٥٦٩٧٠٥٦١٦"]) {
  test(`${number} dials +966569705616`, async ({ phone, installation }) => {
    await installation.simulator("PUT", "/numbers/+966569705616", { behaviour: "manual" });
    await phone.open();
    await phone.ready();
    await phone.dial(number);
    const row = await phone.newest("ringing");
    const call = await phone.page.request.get(`${installation.url}/api/calls/${await row.getAttribute("data-sid")}`);
    expect(await call.json()).toMatchObject({ to: "+966569705616", direction: "outbound" });
    await phone.hangUp();
    await phone.newest("canceled");
    await installation.simulator("DELETE", "/numbers/+966569705616");
  });
}

for (const [locale, ending, status, words] of [
  ["ar", "0001", "busy", "مشغول"],
  ["en", "0001", "busy", "Busy"],
  ["ar", "0003", "failed", "رفضت شبكة الهاتف المكالمة"],
  ["en", "0003", "failed", "The phone network refused the call"],
] as const) {
  test.describe(locale, () => {
    test.use({ locale });
    test(`a number that ends in ${ending} is ${status}, in ${locale}`, async ({ phone }) => {
      await phone.open();
      await phone.ready();
      await phone.dial(`056970${ending}`);
      await phone.newest(status);
      await phone.state("ended");
      await expect(phone.message).toContainText(words);
    });
  });
}

test("nobody answers: it rings for the configured time, then is No Answer", async ({ phone }) => {
  await phone.open();
  await phone.ready();
  await phone.dial("0569700002");
  await phone.state("ringing");
  await phone.newest("no-answer", 45_000);
  await expect(phone.message).toContainText("لم يتم الرد");
});

test("the far end hangs up after a while: completed, and the page says so", async ({ phone }) => {
  await phone.open();
  await phone.ready();
  await phone.dial("0569700004");
  await phone.state("in-call");
  await phone.state("ended");
  await phone.newest("completed");
});

test("the agent hangs up while it rings: canceled", async ({ phone }) => {
  await phone.open();
  await phone.ready();
  await phone.dial("0569700002");
  await phone.state("ringing");
  await phone.hangUp();
  await phone.newest("canceled");
  await phone.state("ended");
});

test("a number in a country that is not allowed is refused in words, and kept in the history", async ({ phone }) => {
  await phone.open();
  await phone.ready();
  await phone.dial("+14155550100");
  await phone.state("ended");
  await phone.newest("failed");
  await expect(phone.message).toContainText("غير مسموح");
});

test("two quick presses place one call", async ({ phone }) => {
  await phone.open();
  await phone.ready();
  await phone.page.getByTestId("dialer-number").fill("0569705616");
  await phone.page.getByTestId("dialer-call").evaluate((button: HTMLButtonElement) => {
    button.click();
    button.click();
  });
  await phone.state("in-call");
  await expect(phone.rows).toHaveCount(1);
  await phone.hangUp();
  await phone.newest("completed");
});

test("keys typed anywhere dial, Enter calls, Escape hangs up", async ({ phone }) => {
  await phone.open();
  await phone.ready();
  await phone.page.keyboard.type("0569700002");
  await expect(phone.page.getByTestId("dialer-number")).toHaveValue(/56 ?970 ?0002$/);
  await phone.page.keyboard.press("Enter");
  await phone.state("ringing");
  await phone.page.keyboard.press("Escape");
  await phone.newest("canceled");
});

test("mute shows, the keypad sends digits", async ({ phone, installation }) => {
  await phone.open();
  await phone.ready();
  await phone.dial("0569705616");
  await phone.state("in-call");
  const mute = phone.page.getByTestId("dialer-mute");
  await mute.click();
  await expect(mute).toHaveAttribute("aria-pressed", "true");
  await phone.page.getByTestId("dialer-keypad").click();
  for (const key of ["1", "2", "hash"]) await phone.page.getByTestId(`dialer-key-${key}`).click();
  const sid = await phone.rows.first().getAttribute("data-sid");
  await expect.poll(async () => JSON.stringify(await installation.simulator("GET", "/calls"))).toContain("12#");
  expect(sid).toMatch(/^CA[0-9a-f]{32}$/);
  await phone.hangUp();
  await phone.newest("completed");
});

test("call again from a row", async ({ phone }) => {
  await phone.open();
  await phone.ready();
  await phone.dial("0569700001");
  await phone.newest("busy");
  await phone.state("ready");
  await phone.rows.first().getByTestId("call-again").first().click();
  await expect(phone.rows).toHaveCount(2);
  await phone.newest("busy");
});

test("the signalling socket drops in a call: the call goes on", async ({ phone, installation }) => {
  await phone.open();
  await phone.ready();
  await phone.dial("0569705616");
  await phone.state("in-call");
  await installation.simulator("POST", "/signal/drop", { refuse_ms: 3000 });
  await phone.state("reconnecting");
  await phone.state("in-call");
  await phone.hangUp();
  await phone.newest("completed");
  // The browser itself reports each refused socket; nothing else may be said.
  expect(phone.faults.filter((fault) => !fault.startsWith("WebSocket connection to"))).toEqual([]);
  phone.faults.length = 0;
});

// The SDK has no way back to a call that still rings: it may not keep the next one from being placed.
for (const [end, over] of [
  ["the agent hangs up", async (phone: Phone) => phone.hangUp()],
  ["the page gives it up", async (phone: Phone) => phone.state("ended", 30_000)],
] as const) {
  test(`the signalling socket drops while it rings, and ${end}: the next call goes through`, async ({ phone, installation }) => {
    await phone.open("?debug");
    await phone.ready();
    await phone.dial("0569700002");
    await phone.state("ringing");
    await installation.simulator("POST", "/signal/drop");
    await expect.poll(() => phone.lines.some((line) => line.includes("#transportClose"))).toBe(true);
    await over(phone);
    await phone.ready();
    await phone.dial("0569705616");
    await phone.state("in-call");
    await phone.hangUp();
    await phone.newest("completed");
    await expect(phone.rows).toHaveCount(2);
  });
}

test("makeCall rings the customer, then this browser; answering joins them", async ({ phone, installation }) => {
  await phone.open();
  await phone.ready();
  const placed = await phone.page.request.post(`${installation.url}/api/calls`, { data: { to: "0569705616" } });
  expect(placed.status()).toBe(201);
  const { sid } = await placed.json();
  await phone.state("incoming");
  await phone.page.getByTestId("dialer-answer").click();
  await phone.state("in-call");
  await expect(phone.page.getByTestId("dialer-timer")).toHaveText(/0:0[2-9]|00:0[2-9]/);
  await phone.hangUp();
  const row = await phone.newest("completed");
  await expect(row).toHaveAttribute("data-sid", sid);
  await expect(row.getByTestId("call-play")).toBeVisible();
});

test("makeCall that the agent declines is failed", async ({ phone, installation }) => {
  await phone.open();
  await phone.ready();
  const placed = await phone.page.request.post(`${installation.url}/api/calls`, { data: { to: "0569705616" } });
  expect(placed.status()).toBe(201);
  await phone.state("incoming");
  await phone.page.getByTestId("dialer-decline").click();
  await phone.newest("failed");
});

test("makeCall without a phone in the browser is 409", async ({ phone, installation }) => {
  const placed = await phone.page.request.post(`${installation.url}/api/calls`, { data: { to: "0569705616" } });
  expect(placed.status()).toBe(409);
  expect(placed.headers()["content-type"]).toContain("application/problem+json");
});

test("a second tab says that the phone is open elsewhere, and may take over", async ({ phone, context, installation }) => {
  await phone.open();
  await phone.ready();
  const second = await context.newPage();
  await second.goto(`${installation.url}/mobile-call`);
  await expect(second.getByTestId("dialer")).toHaveAttribute("data-state", "offline");
  await second.getByTestId("dialer-take-over").click();
  await expect(second.getByTestId("dialer")).toHaveAttribute("data-state", "ready");
  await phone.state("offline");
  await expect(phone.message).toContainText("تبويب آخر");
});

test.describe("without a microphone", () => {
  test.use({ permissions: [] });
  test("a refused microphone is explained", async ({ phone, context }) => {
    await context.addInitScript(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("Permission denied", "NotAllowedError"));
    });
    await phone.open();
    await phone.ready();
    await phone.dial("0569705616");
    await phone.state("ended");
    await expect(phone.message).toContainText("الميكروفون");
  });
});
