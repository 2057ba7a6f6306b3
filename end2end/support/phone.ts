// A person with a browser: signed in, at the phone.
import { type BrowserContext, type ConsoleMessage, expect, type Locator, type Page } from "@playwright/test";
import type { Installation, Person } from "./installation.ts";

export class Phone {
  /** Everything the console said, and what a healthy page may not say. */
  readonly lines: string[] = [];
  readonly faults: string[] = [];

  constructor(readonly page: Page, readonly installation: Installation, readonly person: Person) {
    page.on("console", (message: ConsoleMessage) => {
      this.lines.push(message.text());
      const harmless = message.text().startsWith("[TwilioVoice]");
      if (!harmless && (message.type() === "error" || message.type() === "warning")) this.faults.push(message.text());
    });
    page.on("pageerror", (error) => this.faults.push(String(error)));
  }

  static async signIn(context: BrowserContext, installation: Installation, person: Person): Promise<void> {
    const response = await context.request.post(`${installation.url}/api/auth/login`, {
      data: { email: person.email, password: person.password },
    });
    expect(response.status()).toBe(204);
  }

  async open(query = ""): Promise<this> {
    await this.page.goto(`${this.installation.url}/mobile-call${query}`);
    return this;
  }

  async ready(): Promise<this> {
    await this.state("ready");
    return this;
  }

  get dialer(): Locator {
    return this.page.getByTestId("dialer");
  }

  get message(): Locator {
    return this.page.getByTestId("dialer-message");
  }

  get rows(): Locator {
    return this.page.getByTestId("call-row");
  }

  async state(state: string, timeout?: number): Promise<void> {
    await expect(this.dialer).toHaveAttribute("data-state", state, { timeout });
  }

  async dial(number: string): Promise<void> {
    await this.page.getByTestId("dialer-number").fill(number);
    await this.page.getByTestId("dialer-call").click();
  }

  async hangUp(): Promise<void> {
    await this.page.getByTestId("dialer-hangup").click();
  }

  /** The customer has been on the line for so many seconds. */
  async talked(seconds: number): Promise<void> {
    const shown = async () => {
      const [minutes, rest] = ((await this.page.getByTestId("dialer-timer").textContent()) ?? "0:0").split(":").map(Number);
      return minutes * 60 + rest;
    };
    await expect.poll(shown, { timeout: (seconds + 15) * 1000 }).toBeGreaterThanOrEqual(seconds);
  }

  /** The newest call's row, once it has this status. */
  async newest(status: string, timeout?: number): Promise<Locator> {
    const row = this.rows.first();
    await expect(row).toHaveAttribute("data-status", status, { timeout });
    return row;
  }
}
