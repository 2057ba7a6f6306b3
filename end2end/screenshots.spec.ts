// The pictures: the README's, and those that a person looks at before a change is called done.
import { expect, test } from "./support/test.ts";

for (const [name, locale, colorScheme, width, height] of [
  ["laptop", "ar", "light", 1280, 860],
  ["laptop-en-dark", "en", "dark", 1280, 860],
  ["phone", "ar", "light", 390, 844],
  ["phone-en-dark", "en", "dark", 390, 844],
] as const) {
  test.describe(name, () => {
    test.use({ locale, colorScheme, viewport: { width, height } });

    test(`a picture of a call and its history: ${name}`, async ({ phone }) => {
      await phone.open();
      await phone.ready();
      await phone.dial("0501230001");
      await phone.newest("busy");
      await phone.dial("0569705616");
      await phone.state("in-call");
      // The README's has a recording in which both speak.
      if (name === "laptop") await phone.talked(8);
      await phone.page.screenshot({ path: `end2end/.output/pictures/${name}-call.png` });
      await phone.hangUp();
      const row = await phone.newest("completed");
      await row.getByTestId("call-play").click();
      await expect(phone.page.getByTestId("recording-audio")).toBeAttached();
      await phone.state("ready");
      await phone.page.getByTestId("dialer-number").fill("0569705616");
      await phone.page.screenshot({ path: `end2end/.output/pictures/${name}.png`, fullPage: true });
      const overflow = await phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow).toBeLessThanOrEqual(0);
    });
  });
}
