// What the browser tests share: a browser, somebody signed in, and what must hold on every page. The address of the
// service is the first argument, the folder for pictures the second.
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { chromium } from "playwright-core";

export const [, , base, screens = "screens"] = process.argv;
export const PASSWORD = "ledger-demo";
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const failures = [];
export const check = (holds, what) => { if (!holds) { failures.push(what); console.error(`FAILED: ${what}`); } };

/** Runs a test with a browser, and ends the process with what became of it. */
export async function test(run) {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  try {
    await run(browser);
  } catch (error) {
    failures.push(String(error.stack ?? error));
    console.error(error);
  } finally {
    await browser.close();
  }
  console.log(failures.length ? `${failures.length} failed` : "all is well");
  process.exit(failures.length ? 1 : 0);
}

/** A browser of somebody who reads in this way. `role` is a demo account; none is a stranger. */
export async function reader(browser, role, { ko = false, dark = false, width = 1440, height = 900, script = true } = {}) {
  const context = await browser.newContext({
    baseURL: base,
    colorScheme: dark ? "dark" : "light",
    javaScriptEnabled: script,
    locale: ko ? "ko-KR" : "en-GB",
    viewport: { width, height },
  });
  const page = await context.newPage();
  const seen = watch(page);
  if (role) await signIn(page, role);
  return { context, page, seen };
}

export async function signIn(page, role) {
  await page.goto("/ui/sign-in");
  await page.fill("#email", `${role}@example.com`);
  await page.fill("#password", PASSWORD);
  await page.press("#password", "Enter");
  await page.waitForURL((url) => !url.pathname.endsWith("/sign-in"));
}

/** Everything that a page must never do: report to the console, break the policy, ask anybody else. */
function watch(page) {
  const seen = [];
  page.on("console", (message) => { if (message.type() === "error") seen.push(`console: ${message.text()}`); });
  page.on("pageerror", (error) => seen.push(`script: ${error.message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(base)) seen.push(`asks ${request.url()}`);
  });
  return seen;
}

/** Accessibility by axe, on the page as it is. */
export async function axe(page, name) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await globalThis.axe.run(document, { runOnly: tags });
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.target.join(" ")).join(" | ")}`);
  });
  for (const violation of found) check(false, `${name}: axe: ${violation}`);
}

/** The page itself must not scroll sideways; tables alone may. */
export async function fits(page, name) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  check(content <= window, `${name}: scrolls sideways, ${content} px in ${window}`);
}

export async function picture(page, name, { fullPage = true } = {}) {
  await mkdir(screens, { recursive: true });
  await page.screenshot({ path: path.join(screens, `${name}.png`), fullPage });
}
