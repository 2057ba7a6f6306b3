// `test` with an installation for each worker and a signed-in agent's phone for each test.
import { test as base, expect } from "@playwright/test";
import { Installation } from "./installation.ts";
import { Phone } from "./phone.ts";

/** What each side said last, of a test that failed. */
async function tell({ lines, installation }: Phone): Promise<void> {
  const last = (text: string[]) => text.slice(-60).join("\n");
  console.log(`--- console\n${last(lines)}`);
  for (const name of ["almasar", "twilio-simulator"] as const) console.log(`--- ${name}\n${last((await installation.log(name)).split("\n"))}`);
}

type ForTest = { phone: Phone };
type ForWorker = { installation: Installation };

export const test = base.extend<ForTest, ForWorker>({
  installation: [
    async ({}, use) => {
      const installation = await Installation.start();
      await use(installation);
      await installation.stop();
    },
    { scope: "worker" },
  ],
  phone: async ({ page, context, installation }, use, info) => {
    const person = await installation.addPerson("agent");
    await Phone.signIn(context, installation, person);
    const phone = new Phone(page, installation, person);
    await use(phone);
    expect.soft(phone.faults, "what a healthy page does not say on the console").toEqual([]);
    if (info.status !== info.expectedStatus) await tell(phone);
  },
});

/** Faults and restarts change a whole installation, so these tests have one of their own. */
export const testAlone = base.extend<{ own: Installation; agent: Phone }>({
  own: async ({}, use) => {
    const own = await Installation.start();
    await use(own);
    await own.stop();
  },
  agent: async ({ own, page, context }, use, info) => {
    const person = await own.addPerson("agent");
    await Phone.signIn(context, own, person);
    const agent = new Phone(page, own, person);
    await use(agent);
    if (info.status !== info.expectedStatus) await tell(agent);
  },
});

export { expect };
