// Recordings that are late, lost, or never were.
import { expect, testAlone as test } from "./support/test.ts";

test("a recording whose callback never came is fetched by the green button", async ({ own, agent }) => {
  await own.simulator("PUT", "/faults", { recordings: { no_callbacks: true } });
  await agent.open();
  await agent.ready();
  await agent.dial("0569700004");
  const row = await agent.newest("completed", 30_000);
  await expect(row.getByTestId("call-play")).toHaveCount(0);
  // Twilio needs a moment to finish the recording; until then there is nothing to fetch.
  await expect(async () => {
    await agent.page.getByTestId("fetch-recordings").click();
    await expect(row.getByTestId("call-play")).toBeVisible({ timeout: 3_000 });
  }).toPass({ timeout: 30_000 });
});

test("audio that is not there at first, then arrives, is archived", async ({ own, agent }) => {
  await own.simulator("PUT", "/faults", { recordings: { media_not_found: 1 } });
  await agent.open();
  await agent.ready();
  await agent.dial("0569700004");
  const row = await agent.newest("completed", 30_000);
  await expect(row.getByTestId("call-play")).toBeVisible();
  const sid = await row.getAttribute("data-sid");
  await expect
    .poll(async () => (await agent.page.request.get(`${own.url}/api/calls/${sid}/recording`)).status(), { timeout: 30_000 })
    .toBe(200);
});
