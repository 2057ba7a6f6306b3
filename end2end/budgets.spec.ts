// The budgets that only a running installation shows: the page with fifty calls, and the server at rest.
import fs from "node:fs/promises";
import http from "node:http";
import { test as base } from "@playwright/test";
import twilioPackage from "twilio";
import { Installation, twilio as account } from "./support/installation.ts";
import { Phone } from "./support/phone.ts";
import { expect } from "./support/test.ts";

const test = base.extend<{ own: Installation }>({
  own: async ({}, use) => {
    const own = await Installation.start();
    await use(own);
    await own.stop();
  },
});

/** The bytes that arrive, before anybody unpacks them. */
function transferred(url: string, cookie: string): Promise<number> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { headers: { cookie, "accept-encoding": "br" } }, (response) => {
        expect(response.headers["content-encoding"]).toBe("br");
        let bytes = 0;
        response.on("data", (chunk: Buffer) => (bytes += chunk.length)).on("end", () => resolve(bytes));
      })
      .on("error", reject);
  });
}

test("the phone page with fifty calls, and the server's memory", async ({ own, context, page, request }) => {
  const person = await own.addPerson("agent");
  await Phone.signIn(context, own, person);
  const phone = new Phone(page, own, person);
  await phone.open();
  await phone.ready();
  const { identity } = await (await context.request.get(`${own.url}/api/calls/token`)).json();
  for (let call = 0; call < 50; call++) {
    const url = `${own.url}/api/calls/twiml/outbound`;
    const form = {
      AccountSid: account.TWILIO_ACCOUNT_SID,
      CallSid: `CA${crypto.randomUUID().replaceAll("-", "")}`,
      From: `client:${identity}`,
      To: `05012340${String(call).padStart(2, "0")}`,
    };
    const signature = twilioPackage.getExpectedTwilioSignature(account.TWILIO_AUTH_TOKEN, url, form);
    expect((await request.post(url, { form, headers: { "x-twilio-signature": signature } })).status()).toBe(200);
  }
  await expect(phone.rows).toHaveCount(50);

  const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
  const html = await transferred(`${own.url}/mobile-call`, cookie);
  const status = await fs.readFile(`/proc/${own.pid("almasar")}/status`, "utf8");
  const memory = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
  console.log(`HTML of /mobile-call with 50 calls, brotli: ${html} bytes; server memory: ${(memory / 1e6).toFixed(1)} MB`);
  expect(html).toBeLessThanOrEqual(15_000);
  expect(memory).toBeLessThanOrEqual(40_000_000);
});
