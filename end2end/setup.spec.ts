// /setup: the checks come one by one, the App is mended by a button, a test call ends the installation.
import AxeBuilder from "@axe-core/playwright";
import { type BrowserContext, type Page } from "@playwright/test";
import { Installation, twilio } from "./support/installation.ts";
import { Phone } from "./support/phone.ts";
import { expect, test as base } from "./support/test.ts";

/** What is set wrong is wrong for a whole installation, so each test has its own. */
const test = base.extend<{ own: Installation; admin: Phone }>({
  own: async ({}, use) => {
    const own = await Installation.start();
    await use(own);
    await own.stop();
  },
  admin: async ({ own, page, context }, use) => {
    const person = await own.addPerson("admin");
    await Phone.signIn(context, own, person);
    const phone = new Phone(page, own, person);
    await use(phone);
    expect.soft(phone.faults, "what a healthy page does not say on the console").toEqual([]);
  },
});

const row = (page: Page, check: string) => page.locator(`[data-testid=check-row][data-check=${check}]`);
const step = (page: Page, name: string) => page.locator(`[data-testid=checklist-row][data-step=${name}]`);
const verdict = (page: Page) => page.getByTestId("setup-verdict");

async function pointApp(own: Installation, voiceUrl: string) {
  const path = `/2010-04-01/Accounts/${twilio.TWILIO_ACCOUNT_SID}/Applications/${twilio.TWILIO_TWIML_APP_SID}.json`;
  const basic = Buffer.from(`${twilio.TWILIO_ACCOUNT_SID}:${twilio.TWILIO_AUTH_TOKEN}`).toString("base64");
  const changed = await fetch(new URL(path, own.control), {
    method: "POST",
    headers: { authorization: `Basic ${basic}` },
    body: new URLSearchParams({ VoiceUrl: voiceUrl }),
  });
  expect(changed.status).toBe(200);
}

test("each check is shown when it is made; nothing is wrong out of the box", async ({ own, admin, page }) => {
  await own.simulator("PUT", "/faults", { rest: [{ path: "/v1/Alerts", method: "GET", hang_ms: 3000, times: 1 }] });
  await page.goto(`${own.url}/setup`, { waitUntil: "commit" });
  await expect(row(page, "database")).toHaveAttribute("data-status", "ok");
  await expect(row(page, "alerts")).toHaveAttribute("data-status", "running");
  await expect(page.getByRole("progressbar")).toBeVisible();
  await expect(verdict(page)).toBeVisible();
  await expect(page.getByTestId("check-row")).toHaveCount(15);
  await expect(page.locator("[data-status=running]")).toHaveCount(0);
  await page.getByTestId("check-again").click();
  await expect(verdict(page)).toHaveAttribute("data-status", "ok");
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  expect(admin.faults).toEqual([]);
});

test("an App that points elsewhere is named first, shown field by field, and mended when agreed", async ({ own, admin, page }) => {
  await pointApp(own, "https://old.example/voice");
  await page.goto(`${own.url}/setup`);
  await expect(verdict(page)).toHaveAttribute("data-status", "problem");
  const app = row(page, "twiml-app");
  await expect(app).toHaveAttribute("data-status", "problem");
  const agree = page.getByTestId("setup-fix-agree");
  await expect(agree).toBeHidden();
  await page.getByTestId("setup-fix").focus();
  await page.keyboard.press("Enter");
  await expect(app).toContainText("https://old.example/voice");
  await expect(app).toContainText(`${own.url}/api/calls/twiml/outbound`);
  await agree.click();
  await expect(page).toHaveURL(`${own.url}/setup`);
  await expect(page.getByTestId("setup-told")).toBeVisible();
  await expect(app).toHaveAttribute("data-status", "ok");
  await expect(page.getByTestId("setup-fix")).toHaveCount(0);
  await expect(page.getByTestId("mend-row")).toContainText(admin.person.email);
  await page.reload();
  await expect(page.getByTestId("setup-told")).toHaveCount(0);
});

test("the checklist ticks through a real call, and ends the installation", async ({ own, admin, page, context }) => {
  await page.goto(`${own.url}/setup`);
  await expect(step(page, "app-urls")).toHaveAttribute("data-standing", "done");
  const [tab] = await Promise.all([context.waitForEvent("page"), page.getByTestId("test-call").click()]);
  const phone = new Phone(tab, own, admin.person);
  await phone.ready();
  await expect(tab.getByTestId("dialer-number")).not.toHaveValue("");
  await tab.getByTestId("dialer-call").click();
  await phone.state("in-call");
  await expect(step(page, "rings")).toHaveAttribute("data-standing", "done");
  await expect(step(page, "history")).toHaveAttribute("data-standing", "waiting");
  await expect(tab.getByTestId("dialer-timer")).toHaveText(/0:0[4-9]|00:0[4-9]/);
  await phone.hangUp();
  for (const name of ["sound", "status-callbacks", "history", "recording-callback"]) {
    await expect(step(page, name)).toHaveAttribute("data-standing", "done", { timeout: 30_000 });
  }
  await expect(step(page, "playback")).toHaveAttribute("data-standing", "waiting");
  await tab.getByTestId("call-play").first().click();
  await expect(step(page, "playback")).toHaveAttribute("data-standing", "done");
  await expect(page.getByTestId("setup-finished")).toBeVisible();
  await page.reload();
  await expect(page.getByTestId("setup-finished")).toBeVisible();
});

for (const locale of ["ar", "en"] as const) {
  for (const colorScheme of ["light", "dark"] as const) {
    test.describe(`${locale}, ${colorScheme}`, () => {
      test.use({ locale, colorScheme });

      test("clean for assistive technology, while something is wrong and after", async ({ own, admin, page }) => {
        const check = async () => {
          await expect(verdict(page)).toBeVisible();
          await expect(page.locator("html")).toHaveAttribute("lang", locale);
          const { violations } = await new AxeBuilder({ page }).analyze();
          expect(violations.map((one) => `${one.id} ${one.nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
        };
        await pointApp(own, "https://old.example/voice");
        await page.goto(`${own.url}/setup`);
        await expect(verdict(page)).toBeVisible();
        await page.getByTestId("setup-fix").click();
        await check();
        await picture(page, `wrong-${locale}-${colorScheme}`);
        await page.getByTestId("setup-fix-agree").click();
        await expect(page.getByTestId("setup-told")).toBeVisible();
        await check();
        await picture(page, `mended-${locale}-${colorScheme}`);
        expect(admin.faults).toEqual([]);
      });
    });
  }
}

/** On a laptop and on a phone. */
async function picture(page: Page, name: string) {
  const size = page.viewportSize();
  for (const [kind, width, height] of [["laptop", 1280, 860], ["phone", 390, 844]] as const) {
    await page.setViewportSize({ width, height });
    await page.screenshot({ path: `end2end/.output/pictures/setup-${name}-${kind}.png`, fullPage: true });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  }
  if (size) await page.setViewportSize(size);
}

test("without JavaScript the page is whole, and mends", async ({ own, browser }) => {
  await pointApp(own, "https://old.example/voice");
  const context: BrowserContext = await browser.newContext({ javaScriptEnabled: false, locale: "en" });
  await Phone.signIn(context, own, await own.addPerson("admin"));
  const page = await context.newPage();
  await page.goto(`${own.url}/setup`);
  await expect(page).toHaveURL(`${own.url}/setup?wait`);
  await expect(page.getByTestId("check-row")).toHaveCount(15);
  await expect(page.locator("[data-status=running]")).toHaveCount(0);
  await page.getByTestId("setup-fix").click();
  await page.getByTestId("setup-fix-agree").click();
  await expect(page).toHaveURL(`${own.url}/setup?wait`);
  await expect(verdict(page)).toHaveAttribute("data-status", "ok");
  await expect(page.getByTestId("setup-told")).toBeVisible();
  await context.close();
});
