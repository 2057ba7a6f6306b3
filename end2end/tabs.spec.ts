// Several tabs of one browser: HTTP/1.1 gives it six connections, so they share one stream of changes.
import type { Page } from "@playwright/test";
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

test("one agent in three tabs: one phone, which each may take over; one stream; one row for each call", async ({ phone, context, installation }) => {
  const streams = new Set<unknown>();
  context.on("request", (request) => {
    if (request.url().includes("/api/calls/events")) streams.add(request);
  });
  for (const event of ["requestfinished", "requestfailed"] as const) context.on(event, (request) => streams.delete(request));
  const state = (page: Page, state: string) => expect(page.getByTestId("dialer")).toHaveAttribute("data-state", state);

  await phone.open();
  await phone.ready();
  const tabs = [phone.page, await context.newPage(), await context.newPage()];
  for (const tab of tabs.slice(1)) {
    await tab.goto(`${installation.url}/mobile-call`);
    await state(tab, "offline");
  }
  expect(streams.size).toBe(1);

  // The third takes the phone over, then the second from it; in between nobody but the one that has it can be rung.
  for (const [taker, others] of [[tabs[2], [tabs[0], tabs[1]]], [tabs[1], [tabs[0], tabs[2]]]] as const) {
    await taker.getByTestId("dialer-take-over").click();
    await state(taker, "ready");
    for (const other of others) await state(other, "offline");
    const { sockets } = await installation.simulator<{ sockets: { identity: string; registered: boolean }[] }>("GET", "/signal");
    const identity = (await (await phone.page.request.get(`${installation.url}/api/calls/token`)).json()).identity;
    expect(sockets.filter((socket) => socket.identity === identity && socket.registered)).toHaveLength(1);
  }

  await tabs[1].getByTestId("dialer-number").fill("0569700001");
  await tabs[1].getByTestId("dialer-call").click();
  for (const tab of tabs) {
    await expect(tab.getByTestId("call-row")).toHaveCount(1);
    await expect(tab.getByTestId("call-row")).toHaveAttribute("data-status", "busy");
  }
  expect(streams.size).toBe(1);

  // The one that has it goes: one of the others has it then, by itself.
  await tabs[1].close();
  await expect.poll(async () => {
    const states = await Promise.all([tabs[0], tabs[2]].map((tab) => tab.getByTestId("dialer").getAttribute("data-state")));
    return states.sort().join(" ");
  }).toBe("offline ready");
  await expect.poll(() => streams.size).toBe(1);
});
