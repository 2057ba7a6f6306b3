// Why did this call end? A call that is placed while the TwiML App points at another backend: the fault that this product exists to remove.
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "@playwright/test";
import type { Installation, Role } from "./support/installation.ts";
import { twilio } from "./support/installation.ts";
import { Phone } from "./support/phone.ts";
import { expect, test } from "./support/test.ts";

/** Points the simulator's TwiML App somewhere, as Twilio's console would. */
async function point(installation: Installation, voiceUrl: string): Promise<void> {
  const gateway = installation.control.replace(/\/_control$/, "");
  const account = `${gateway}/2010-04-01/Accounts/${twilio.TWILIO_ACCOUNT_SID}`;
  const response = await fetch(`${account}/Applications/${twilio.TWILIO_TWIML_APP_SID}.json`, {
    method: "POST",
    headers: {
      authorization: `Basic ${btoa(`${twilio.TWILIO_ACCOUNT_SID}:${twilio.TWILIO_AUTH_TOKEN}`)}`,
      "content-type": "application/x-www-form-urlencoded",
    },
    body: new URLSearchParams({ VoiceUrl: voiceUrl }).toString(),
  });
  expect(response.status).toBe(200);
}

/** A backend that knows nothing of calls. */
async function anotherBackend(): Promise<http.Server> {
  const server = http.createServer((_, response) => response.writeHead(404, { "content-type": "application/json" }).end("{}"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

const phrases = {
  ar: { title: "لم تصل Twilio إلى هذا الخادم: تطبيق TwiML يشير إلى عنوان آخر.", link: "افتح الإعداد" },
  en: { title: "Twilio never reached this server: the TwiML App points elsewhere.", link: "Open setup" },
} as const;

/** A phone of somebody with that role, in that language. */
async function phoneOf(browser: Browser, installation: Installation, role: Role, locale: "ar" | "en"): Promise<Phone> {
  const context = await browser.newContext({ locale, permissions: ["microphone"] });
  const person = await installation.addPerson(role);
  await Phone.signIn(context, installation, person);
  return new Phone(await context.newPage(), installation, person);
}

test.describe("with the TwiML App pointing elsewhere", () => {
  // One App for all of them: what one test points elsewhere must not be put right under another.
  test.describe.configure({ mode: "serial" });

  let backend: http.Server;
  let elsewhere: string;

  test.beforeAll(async ({ installation }) => {
    backend = await anotherBackend();
    elsewhere = `http://127.0.0.1:${(backend.address() as AddressInfo).port}/voice`;
    await point(installation, elsewhere);
  });

  test.afterAll(async ({ installation }) => {
    await point(installation, `${installation.url}/api/calls/twiml/outbound`);
    await new Promise((resolve) => backend.close(resolve));
  });

  for (const locale of ["ar", "en"] as const) {
    for (const role of ["admin", "agent"] as const) {
      test(`an ${role} is told the true cause in ${locale} within 3 s of the hang-up`, async ({ browser, installation }) => {
        const phone = await phoneOf(browser, installation, role, locale);
        await phone.open();
        await phone.ready();
        await phone.dial("0569705616");
        await phone.state("ended");
        await expect(phone.message).toContainText(phrases[locale].title, { timeout: 3_000 });
        await expect(phone.message).toContainText(elsewhere);
        await expect(phone.message).toContainText(`${installation.url}/api/calls/twiml/outbound`);

        const link = phone.dialer.getByRole("link", { name: phrases[locale].link });
        if (role === "admin") await expect(link).toHaveAttribute("href", "/setup");
        else await expect(link).toBeHidden();

        // Afterwards the row says the same, live and when the page is opened anew.
        const cause = phone.rows.first().getByTestId("call-cause");
        await phone.newest("failed");
        await expect(cause).toHaveAttribute("data-cause", "app_elsewhere");
        await phone.page.reload();
        await expect(cause.locator("summary")).toHaveText(phrases[locale].title);
        await cause.locator("summary").click();
        await expect(cause).toContainText(elsewhere);
        await expect(cause.getByRole("link")).toHaveCount(role === "admin" ? 1 : 0);

        expect(phone.faults).toEqual([]);
        await phone.page.context().close();
      });
    }
  }
});

test("the App put right again, the next call goes through and the history keeps the old cause", async ({ browser, installation }) => {
  // An agent, who sees no calls but these two.
  const phone = await phoneOf(browser, installation, "agent", "en");
  await point(installation, "");
  try {
    await phone.open();
    await phone.ready();
    await phone.dial("0569700004");
    await phone.state("ended");
    await expect(phone.message).toContainText("the TwiML App has no Voice URL", { timeout: 3_000 });
  } finally {
    await point(installation, `${installation.url}/api/calls/twiml/outbound`);
  }
  await phone.ready();
  await phone.dial("0569700004");
  await phone.newest("completed", 30_000);
  await expect(phone.rows).toHaveCount(2);
  await expect(phone.rows.nth(1).getByTestId("call-cause")).toHaveAttribute("data-cause", "app_empty");
  await phone.page.context().close();
});
