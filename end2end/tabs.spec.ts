// Several tabs of one browser: HTTP/1.1 gives it six connections, so they share one stream of changes.
import { expect, test } from "./support/test.ts";

test("two tabs share one stream; the one that stays takes it over", async ({ phone, context, installation }) => {
  const open = new Set<unknown>();
  let streams = 0;
  context.on("request", (request) => {
    if (!request.url().includes("/api/calls/events")) return;
    open.add(request);
    streams += 1;
  });
  for (const event of ["requestfinished", "requestfailed"] as const) context.on(event, (request) => open.delete(request));

  await phone.open();
  await phone.ready();
  const second = await context.newPage();
  await second.goto(`${installation.url}/history`);
  await expect(second.getByTestId("call-row")).toHaveCount(0);
  await phone.dial("0569700001");
  await phone.newest("busy");
  await expect(second.getByTestId("call-row").first()).toHaveAttribute("data-status", "busy");
  expect(streams).toBe(1);
  expect(open.size).toBe(1);

  await phone.page.close();
  await expect.poll(() => streams).toBe(2);
  const third = await context.newPage();
  await third.goto(`${installation.url}/mobile-call`);
  await expect(third.getByTestId("dialer")).toHaveAttribute("data-state", "ready");
  await third.getByTestId("dialer-number").fill("0569700003");
  await third.getByTestId("dialer-call").click();
  await expect(second.getByTestId("call-row")).toHaveCount(2);
  await expect(second.getByTestId("call-row").first()).toHaveAttribute("data-status", "failed");
  expect(streams).toBe(2);
});
