// Twilio's own Node client, at the simulator's address: what it asks for and reads is what the simulator has to answer.
import twilioPackage from "twilio";
import { type Installation, twilio as account } from "./support/installation.ts";
import { expect, testAlone as test } from "./support/test.ts";
import { channels, energy } from "./support/wav.ts";

const { RequestClient, RestException } = twilioPackage;

/** The client itself, unchanged; only where its requests go is another place. */
function clientOf(own: Installation, user: string = account.TWILIO_ACCOUNT_SID, password: string = account.TWILIO_AUTH_TOKEN) {
  class Here extends RequestClient {
    override request<T>(options: Parameters<InstanceType<typeof RequestClient>["request"]>[0]) {
      return super.request<T>({ ...options, uri: options.uri.replace("https://api.twilio.com", new URL(own.control).origin) });
    }
  }
  return twilioPackage(user, password, { accountSid: account.TWILIO_ACCOUNT_SID, httpClient: new Here() });
}

const refused = (promise: Promise<unknown>) => promise.then(() => undefined, (error: unknown) => error);

const long = "<Response><Pause length='60'/></Response>";

test("the account is read", async ({ own }) => {
  const shown = await clientOf(own).api.v2010.accounts(account.TWILIO_ACCOUNT_SID).fetch();
  expect(shown).toMatchObject({ sid: account.TWILIO_ACCOUNT_SID, status: "active", type: "Full" });
  expect(shown.dateCreated).toBeInstanceOf(Date);
});

test("a call is created, fetched, listed and ended, and its recording is read and heard", async ({ own, request }) => {
  const client = clientOf(own);
  await own.simulator("PUT", "/settings", { ring_ms: 300, recording_delay_ms: 200 });
  const from = account.TWILIO_CALLER_ID;
  const to = "+966569705616";
  const placed = await client.calls.create({ from, to, twiml: long, record: true, recordingChannels: "dual" });
  expect(placed).toMatchObject({ status: "queued", direction: "outbound-api", from, to, accountSid: account.TWILIO_ACCOUNT_SID, endTime: null });
  expect(placed.dateCreated).toBeInstanceOf(Date);
  await expect.poll(async () => (await client.calls(placed.sid).fetch()).status).toBe("in-progress");
  expect((await client.calls.list({ status: "in-progress", to })).map(({ sid }) => sid)).toEqual([placed.sid]);
  expect(await client.calls.list({ status: "busy" })).toEqual([]);

  // Long enough for something to be heard.
  await expect.poll(async () => Date.now() - (await client.calls(placed.sid).fetch()).startTime.getTime(), { timeout: 10_000 }).toBeGreaterThan(4_000);
  expect((await client.calls(placed.sid).update({ status: "completed" })).sid).toBe(placed.sid);
  await expect.poll(async () => (await client.calls(placed.sid).fetch()).status).toBe("completed");
  const over = await client.calls(placed.sid).fetch();
  expect(over.endTime).toBeInstanceOf(Date);
  expect(Number(over.duration)).toBeGreaterThanOrEqual(3);

  await expect.poll(async () => (await client.recordings.list({ callSid: placed.sid })).map(({ status }) => status)).toEqual(["completed"]);
  const [listed] = await client.recordings.list({ callSid: placed.sid });
  expect((await client.calls(placed.sid).recordings.list()).map(({ sid }) => sid)).toEqual([listed?.sid]);
  const recording = await client.recordings(listed?.sid ?? "").fetch();
  expect(recording).toMatchObject({ callSid: placed.sid, status: "completed", channels: 2, errorCode: null });
  expect(Number(recording.duration)).toBeGreaterThanOrEqual(3);

  const basic = Buffer.from(`${account.TWILIO_ACCOUNT_SID}:${account.TWILIO_AUTH_TOKEN}`).toString("base64");
  const media = `${recording.mediaUrl}.wav?RequestedChannels=2`;
  expect((await request.get(media)).status()).toBe(401);
  const audio = await request.get(media, { headers: { authorization: `Basic ${basic}` } });
  expect(audio.status()).toBe(200);
  // The call itself says nothing; who answered greets.
  const sounds = channels(await audio.body()).map(energy);
  expect(Math.max(...sounds)).toBeGreaterThan(50);
  expect(await client.recordings(recording.sid).remove()).toBe(true);
  expect(await client.recordings.list()).toEqual([]);
});

test("lists longer than a page are read to their end, and end where they are told to", async ({ own }) => {
  const client = clientOf(own);
  const placed: string[] = [];
  for (const end of ["0001", "0003", "0001"]) placed.unshift((await client.calls.create({ from: account.TWILIO_CALLER_ID, to: `+96656970${end}`, twiml: long })).sid);
  expect((await client.calls.list({ pageSize: 1 })).map(({ sid }) => sid)).toEqual(placed);
  expect(await client.calls.list({ pageSize: 1, limit: 2 })).toHaveLength(2);
  const hour = 3_600_000;
  expect(await client.calls.list({ startTimeAfter: new Date(Date.now() - hour) })).toHaveLength(3);
  expect(await client.calls.list({ startTimeBefore: new Date(Date.now() - hour) })).toEqual([]);
});

test("Url is asked for the call's TwiML, with Twilio's signature: the app answers", async ({ own }) => {
  const client = clientOf(own);
  await own.simulator("PUT", "/settings", { ring_ms: 300 });
  const url = `${own.url}/api/calls/twiml/outbound`;
  const { sid } = await client.calls.create({ from: account.TWILIO_CALLER_ID, to: "+966569705616", url });
  await expect.poll(async () => (await client.calls(sid).fetch()).status).toBe("completed");
  const { webhooks } = await own.simulator<{ webhooks: { url: string; status: number }[] }>("GET", `/webhooks?kind=voice&call_sid=${sid}`);
  expect(webhooks).toMatchObject([{ url, status: 200 }]);
});

test("applications are listed, made, updated and removed", async ({ own }) => {
  const client = clientOf(own, account.TWILIO_API_KEY, account.TWILIO_API_SECRET);
  const [installed] = await client.applications.list();
  expect(installed).toMatchObject({ sid: account.TWILIO_TWIML_APP_SID, voiceUrl: `${own.url}/api/calls/twiml/outbound`, voiceMethod: "POST" });

  const made = await client.applications.create({ friendlyName: "Another", voiceUrl: "https://one.example/voice" });
  const changed = await client.applications(made.sid).update({ voiceUrl: "https://two.example/voice", statusCallback: "https://two.example/status" });
  // What is not named stays.
  const now = { friendlyName: "Another", voiceUrl: "https://two.example/voice", statusCallback: "https://two.example/status" };
  expect(changed).toMatchObject(now);
  expect(await client.applications(made.sid).fetch()).toMatchObject(now);
  expect((await client.applications.list({ friendlyName: "Another" })).map(({ sid }) => sid)).toEqual([made.sid]);
  expect(await client.applications(made.sid).remove()).toBe(true);
  expect(await refused(client.applications(made.sid).fetch())).toMatchObject({ status: 404, code: 20404 });
});

test("numbers and verified caller IDs are listed", async ({ own }) => {
  const client = clientOf(own);
  await own.simulator("POST", "/caller-ids", { number: "+966511111111" });
  const [number] = await client.incomingPhoneNumbers.list({ phoneNumber: account.TWILIO_CALLER_ID });
  expect(number).toMatchObject({ phoneNumber: account.TWILIO_CALLER_ID, capabilities: { voice: true } });
  expect(await client.incomingPhoneNumbers(number?.sid ?? "").fetch()).toMatchObject({ sid: number?.sid, phoneNumber: account.TWILIO_CALLER_ID });
  expect((await client.outgoingCallerIds.list()).map(({ phoneNumber }) => phoneNumber)).toEqual(["+966511111111"]);
});

test("what is not there, not allowed or not valid is the client's exception, with Twilio's code", async ({ own }) => {
  const client = clientOf(own);
  const from = account.TWILIO_CALLER_ID;
  await own.simulator("PUT", "/countries/US", { allowed: false });
  const cases = [
    [404, 20404, () => client.calls(`CA${"0".repeat(32)}`).fetch()],
    [404, 20404, () => client.recordings(`RE${"0".repeat(32)}`).fetch()],
    [401, 20003, () => clientOf(own, account.TWILIO_ACCOUNT_SID, "another-token").calls.list()],
    // A standard API key may ask for everything else.
    [401, 20003, () => clientOf(own, account.TWILIO_API_KEY, account.TWILIO_API_SECRET).api.v2010.accounts(account.TWILIO_ACCOUNT_SID).fetch()],
    [400, 21211, () => client.calls.create({ from, to: "+1", twiml: long })],
    [400, 21210, () => client.calls.create({ from: "+966511111111", to: "+966569705616", twiml: long })],
    [400, 21215, () => client.calls.create({ from, to: "+14155550100", twiml: long })],
  ] as const;
  for (const [status, code, ask] of cases) {
    const error = await refused(ask());
    expect(error, String(code)).toBeInstanceOf(RestException);
    expect(error).toMatchObject({ status, code, moreInfo: `https://www.twilio.com/docs/errors/${code}` });
  }
});
