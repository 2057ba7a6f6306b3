// Twilio's own Node library as the judge: it makes the same tokens as we do, and signs requests that we accept.
import jwt from "jsonwebtoken";
import twilioPackage from "twilio";
import { twilio as account } from "./support/installation.ts";
import { expect, test } from "./support/test.ts";

const { AccessToken } = twilioPackage.jwt;

test("our access token is the one that Twilio's library would make", async ({ phone, installation }) => {
  const response = await phone.page.request.get(`${installation.url}/api/calls/token`);
  expect(response.status()).toBe(200);
  expect(response.headers()["cache-control"]).toContain("no-store");
  const { token, identity, expires_at } = await response.json();
  expect(identity).toMatch(/^[A-Za-z0-9_]+$/);

  const theirs = new AccessToken(account.TWILIO_ACCOUNT_SID, account.TWILIO_API_KEY, account.TWILIO_API_SECRET, { identity, ttl: 3600 });
  theirs.addGrant(new AccessToken.VoiceGrant({ outgoingApplicationSid: account.TWILIO_TWIML_APP_SID, incomingAllow: true }));
  const decoded = (text: string) => jwt.verify(text, account.TWILIO_API_SECRET, { algorithms: ["HS256"], complete: true });
  const [ours, expected] = [decoded(token), decoded(theirs.toJwt())];
  expect(ours.header).toEqual(expected.header);
  const { iat, exp, jti, nbf, ...claims } = ours.payload as jwt.JwtPayload;
  const { iat: _iat, exp: _exp, jti: _jti, nbf: _nbf, ...theirClaims } = expected.payload as jwt.JwtPayload;
  expect(claims).toEqual(theirClaims);
  expect(exp! * 1000).toBe(Date.parse(expires_at));
  expect(jti).toContain(account.TWILIO_API_KEY);
});

test("requests that Twilio's library signs are accepted, others are 403", async ({ request, installation }) => {
  const url = `${installation.url}/api/calls/webhook/status`;
  const params = {
    AccountSid: account.TWILIO_ACCOUNT_SID,
    CallSid: `CA${crypto.randomUUID().replaceAll("-", "")}`,
    CallStatus: "completed",
    From: "client:somebody",
    To: "+966569705616",
    Empty: "",
    Name: "محمد & O'Neil",
  };
  const signature = twilioPackage.getExpectedTwilioSignature(account.TWILIO_AUTH_TOKEN, url, params);
  const post = (headers: Record<string, string>, form: Record<string, string> = params) => request.post(url, { form, headers });
  expect((await post({ "x-twilio-signature": signature })).status()).toBe(204);
  expect((await post({})).status()).toBe(403);
  expect((await post({ "x-twilio-signature": signature }, { ...params, CallStatus: "busy" })).status()).toBe(403);
  const other = twilioPackage.getExpectedTwilioSignature("another-token", url, params);
  expect((await post({ "x-twilio-signature": other })).status()).toBe(403);
});
