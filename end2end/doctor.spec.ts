// The doctor against the bundled simulator: nothing is wrong out of the box, and what is set wrong is found and mended.
import { Installation, twilio } from "./support/installation.ts";
import { expect, test } from "./support/test.ts";

test("the doctor finds an App that points elsewhere, mends it, and is content", async () => {
  // One of its own: other tests leave alerts behind.
  const installation = await Installation.start();
  const examined = async (...args: string[]) => {
    const { code, out } = await installation.almasar("doctor", "--json", ...args);
    const { status, checks, mend } = JSON.parse(out);
    return { code, status, mend, first: `${checks[0].check} ${checks[0].found}` };
  };
  expect(await examined()).toMatchObject({ code: 0, status: "ok", mend: null });

  const app = new URL(`/2010-04-01/Accounts/${twilio.TWILIO_ACCOUNT_SID}/Applications/${twilio.TWILIO_TWIML_APP_SID}.json`, installation.control);
  const basic = Buffer.from(`${twilio.TWILIO_ACCOUNT_SID}:${twilio.TWILIO_AUTH_TOKEN}`).toString("base64");
  const changed = await fetch(app, {
    method: "POST",
    headers: { authorization: `Basic ${basic}` },
    body: new URLSearchParams({ VoiceUrl: "https://old.example/voice" }),
  });
  expect(changed.status).toBe(200);
  expect(await examined()).toMatchObject({ code: 1, status: "problem", first: "twiml-app points-elsewhere" });
  expect(await examined("--fix")).toMatchObject({ code: 2, mend: { applied: false } });
  expect(await examined("--fix", "--yes")).toMatchObject({ code: 0, status: "ok", mend: { plan: "change", applied: true } });
  await installation.stop();
});
