// The pages: who may open them, in both languages, with and without JavaScript, and clean for assistive technology.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { Phone } from "./support/phone.ts";
import { expect, test } from "./support/test.ts";

async function signInByForm(page: Page, url: string, person: { email: string; password: string }) {
  await page.goto(`${url}/history`);
  await expect(page).toHaveURL(/\/login\?next=%2Fhistory/);
  await page.getByTestId("login-email").fill(person.email);
  await page.getByTestId("login-password").fill(person.password);
  await page.getByTestId("login-submit").click();
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(`JavaScript ${javaScriptEnabled ? "on" : "off"}`, () => {
    test.use({ javaScriptEnabled });

    test("sign in, come back to the page asked for, sign out", async ({ page, installation }) => {
      const person = await installation.addPerson("manager");
      await signInByForm(page, installation.url, { ...person, password: "wrong password" });
      await expect(page.getByRole("alert")).toBeVisible();
      await page.getByTestId("login-email").fill(person.email);
      await page.getByTestId("login-password").fill(person.password);
      await page.getByTestId("login-submit").click();
      await expect(page).toHaveURL(`${installation.url}/history`);
      await page.getByTestId("logout").click();
      await expect(page).toHaveURL(/\/login/);
    });

    test("the language changes at once and stays", async ({ page, installation }) => {
      await page.goto(`${installation.url}/login`);
      await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
      await page.getByTestId("locale-switch").click();
      await expect(page.locator("html")).toHaveAttribute("lang", "en");
      await expect(page.locator("html")).toHaveAttribute("dir", "ltr");
      await page.reload();
      await expect(page.locator("html")).toHaveAttribute("lang", "en");
    });
  });
}

test("icons carry a version, and are kept for ever", async ({ page, installation, request }) => {
  await page.goto(`${installation.url}/login`);
  const ofThePage = await page.locator("link[rel=icon], link[rel=apple-touch-icon]").evaluateAll((links) => links.map((link) => link.getAttribute("href") ?? ""));
  const manifest = await (await request.get(`${installation.url}/site.webmanifest`)).json();
  const ofTheManifest: string[] = manifest.icons.map(({ src }: { src: string }) => src);
  expect([ofThePage.length, ofTheManifest.length]).toEqual([2, 4]);
  for (const icon of [...ofThePage, ...ofTheManifest]) {
    const response = await request.get(installation.url + icon);
    expect(response.status(), icon).toBe(200);
    expect(response.headers()["cache-control"], icon).toContain("immutable");
  }
});

test("history and playback work without JavaScript", async ({ browser, phone, installation }) => {
  await phone.open();
  await phone.ready();
  await phone.dial("0569700004");
  const row = await phone.newest("completed", 30_000);
  await expect(row.getByTestId("call-play")).toBeVisible();

  const context = await browser.newContext({ javaScriptEnabled: false, locale: "en" });
  await Phone.signIn(context, installation, phone.person);
  const page = await context.newPage();
  await page.goto(`${installation.url}/history`);
  await expect(page.getByTestId("call-row")).toHaveCount(1);
  await expect(page.getByTestId("call-row")).toHaveAttribute("data-status", "completed");
  const source = await page.locator("audio").first().getAttribute("src");
  const ranged = await context.request.get(installation.url + source, { headers: { range: "bytes=0-43" } });
  expect(ranged.status()).toBe(206);
  expect((await ranged.body()).length).toBe(44);
  await context.close();
});

test("agents see their own calls, managers everybody's, administrators the setup", async ({ browser, phone, installation }) => {
  await phone.open();
  await phone.ready();
  await phone.dial("0569700001");
  const sid = await (await phone.newest("busy")).getAttribute("data-sid");

  const asked = async (role: "agent" | "manager" | "admin", path: string) => {
    const context = await browser.newContext();
    await Phone.signIn(context, installation, await installation.addPerson(role));
    const response = await context.request.get(installation.url + path);
    await context.close();
    return response.status();
  };
  expect(await asked("agent", `/api/calls/${sid}`)).toBe(404);
  expect(await asked("agent", `/api/calls/${sid}/recording`)).toBe(404);
  expect(await asked("manager", `/api/calls/${sid}`)).toBe(200);
  expect(await asked("agent", "/setup")).toBe(403);
  expect(await asked("manager", "/setup")).toBe(403);
  expect(await asked("admin", "/setup")).toBe(200);
});

for (const locale of ["ar", "en"] as const) {
  for (const colorScheme of ["light", "dark"] as const) {
    test.describe(`${locale}, ${colorScheme}`, () => {
      test.use({ locale, colorScheme });

      test("every page is clean for assistive technology and quiet on the console", async ({ page, context, installation }) => {
        const person = await installation.addPerson("admin");
        const phone = new Phone(page, installation, person);
        const check = async (path: string) => {
          await page.goto(installation.url + path);
          await expect(page.locator("html")).toHaveAttribute("lang", locale);
          if (path === "/mobile-call") await phone.ready();
          const { violations } = await new AxeBuilder({ page }).analyze();
          expect(violations.map((one) => `${path}: ${one.id} ${one.nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
        };
        await check("/login");
        await Phone.signIn(context, installation, person);
        for (const path of ["/mobile-call", "/history", "/setup"]) await check(path);
        expect(phone.faults).toEqual([]);
      });

      test("a call, and a player that is open, are clean at the width of a phone", async ({ phone }) => {
        const check = async (moment: string) => {
          const { violations } = await new AxeBuilder({ page: phone.page }).analyze();
          expect(violations.map((one) => `${moment}: ${one.id} ${one.nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
        };
        await phone.page.setViewportSize({ width: 390, height: 844 });
        await phone.open();
        await phone.ready();
        await phone.dial("0569705616");
        await phone.state("in-call");
        await phone.page.getByTestId("dialer-keypad").click();
        await check("in a call");
        await phone.talked(2);
        await phone.hangUp();
        const row = await phone.newest("completed");
        await row.getByTestId("call-play").click();
        await expect(phone.page.getByTestId("recording-audio")).toBeAttached();
        await check("player");
      });
    });
  }
}
