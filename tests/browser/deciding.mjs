// Work by keyboard alone: sign in, go to the queue, approve, reject with a note, read why, look into the log. Two operators
// decide one claim. A rule is changed with its figures beside it. A page of an earlier moment stays the same. A page whose
// connection is gone says so.
import { PASSWORD, axe, check, fits, reader, signIn, test } from "./browser.mjs";

const path = (page) => new URL(page.url()).pathname;
const at = async (page, place) => page.waitForURL((url) => url.pathname === place, { timeout: 15_000 });

async function byKeyboard(browser) {
  const { page, context, seen } = await reader(browser, null);
  await page.goto("/ui/sign-in");
  for (const key of ["Tab", "Tab", "Tab"]) {
    if (await page.evaluate(() => document.activeElement?.id === "email")) break;
    await page.keyboard.press(key);
  }
  await page.keyboard.type("operator@example.com");
  await page.keyboard.press("Tab");
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await at(page, "/ui");
  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await at(page, "/ui/approvals");
  const waiting = async () => Number((await page.locator("h1").textContent()).match(/[\d,]+/)?.[0].replace(",", "") ?? 0);
  const before = await waiting();
  check(before >= 30, `claims wait: ${before}`);

  await Promise.all([page.waitForNavigation(), page.keyboard.press("a")]);
  check(await waiting() === before - 1, `one less waits after an approval: ${await waiting()}`);
  check(/Approved/.test(await page.locator(".note.go").textContent()), "the approval is told, with the way back");
  check(await page.locator('button[value="REVERSED"]').count() === 1, "and can be taken back");

  await page.keyboard.press("r");
  check(await page.evaluate(() => document.activeElement?.name === "note"), "a rejection asks for a note");
  await page.keyboard.type("The receipt is missing");
  await page.keyboard.press("Escape");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("r")]);
  check(await waiting() === before - 2, `one less waits after a rejection: ${await waiting()}`);

  await page.keyboard.press("g");
  await page.keyboard.press("c");
  await at(page, "/ui/claims");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/ui\/claims\/[0-9a-f-]{36}/);
  check((await page.locator(".verdict, .lead").first().textContent()).length > 20, "why is told in a sentence");
  for (const what of seen) check(false, `by keyboard: ${what}`);
  await context.close();
}

async function theLog(browser) {
  const { page, context } = await reader(browser, "auditor");
  await page.keyboard.press("g");
  await page.keyboard.press("l");
  await at(page, "/ui/log");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/ui\/log\/\d+/);
  const button = page.locator("[data-hash-bytes]");
  await button.focus();
  await page.keyboard.press("Enter");
  const result = page.locator("[data-hash-result]");
  await result.filter({ hasText: await button.getAttribute("data-hash-expected") }).waitFor({ timeout: 5_000 });
  check((await result.getAttribute("class")).includes("go"), "the browser computes the hash that the log holds");
  await fits(page, "the hash that was computed");
  check(await page.locator('a[href="/ui/approvals"]').count() === 0, "an auditor decides nothing");
  await context.close();
}

async function twoOperators(browser) {
  const [one, other] = await Promise.all([reader(browser, "operator"), reader(browser, "admin")]);
  await one.page.goto("/ui/approvals");
  const claim = await one.page.locator("[data-list=follow] a[data-item]").first().getAttribute("href");
  await Promise.all([one, other].map(({ page }) => page.goto(claim)));
  await Promise.all([one.page.waitForNavigation(), one.page.keyboard.press("a")]);
  const [answer] = await Promise.all([other.page.waitForNavigation(), other.page.keyboard.press("a")]);
  check(answer.status() === 412, `the second is told: ${answer.status()}`);
  check(/changed_meanwhile/.test(await other.page.locator("main").textContent()), "by its code, and who was faster");
  await Promise.all([one, other].map(({ context }) => context.close()));
}

async function anEarlierMoment(browser) {
  const { page, context } = await reader(browser, "operator");
  const position = await page.getAttribute("body", "data-position");
  const pages = ["/ui", "/ui/events", "/ui/claims"].map((of) => `${of}?at=${position}`);
  const read = async () => Promise.all(pages.map((of) => page.request.get(of).then((answer) => answer.text())));
  const first = await read();
  await page.goto("/ui/approvals");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("a")]);
  const then = await read();
  pages.forEach((of, index) => check(first[index] === then[index], `${of} is the same after something happened`));
  await context.close();
}

async function theEditor(browser) {
  const { page, context, seen } = await reader(browser, "operator");
  await page.goto("/ui/events");
  await page.getByRole("link", { name: "Seven days in a row" }).first().click();
  await page.getByRole("link", { name: "Test a change" }).click();
  await page.waitForURL((url) => url.pathname.endsWith("/edit"));
  const finding = () => page.locator(".finding").textContent();
  check(/The same as version 1/.test(await finding()), `nothing is changed yet: ${await finding()}`);
  const shown = await page.locator("[data-position]").getAttribute("data-position");
  const days = page.getByLabel("Days", { exact: true });
  await days.focus();
  await page.keyboard.press("Control+a");
  const before = Date.now();
  await page.keyboard.type("9");
  await page.waitForFunction(() => /than by version 1|as many as by version 1/i.test(document.querySelector(".finding")?.textContent ?? ""), null, { timeout: 15_000 });
  console.log(`the editor: new figures after ${Date.now() - before} ms, log of ${shown} positions`);
  check(await days.evaluate((field) => field === document.activeElement && field.value === "9"), "the field keeps the focus");
  await axe(page, "the editor with a change");
  await page.getByRole("button", { name: /^Add a part: / }).click();
  await page.waitForFunction(() => document.querySelectorAll(".lf").length === 2);
  check(await page.evaluate(() => document.activeElement?.matches("select.is")), "the new part has the focus");
  await page.getByRole("button", { name: "Remove: part 2" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".lf").length === 1);
  await page.locator("#save").focus();
  await Promise.all([page.waitForURL((url) => !url.pathname.endsWith("/edit")), page.keyboard.press("Enter")]);
  check(/rule v2/.test(await page.locator(".facts").textContent()), "version 2 is in force");
  for (const what of seen) check(false, `the editor: ${what}`);
  await context.close();
}

async function connectionGone(browser) {
  const { page, context } = await reader(browser, null);
  const message = { contentType: "text/event-stream", body: "event: position\nid: 1\ndata: 1\n\n" };
  await page.route("**/ui/stream", (route) => route.fulfill(message), { times: 1 });
  await page.route("**/ui/stream", (route) => route.abort(), { times: 1_000 });
  await signIn(page, "operator");
  const isNow = (state) => page.waitForFunction((of) => document.querySelector("[data-live]")?.dataset.state === of, state, { timeout: 20_000 });
  await isNow("lost");
  await page.unroute("**/ui/stream");
  await isNow("on");
  const live = page.locator("[data-live]");
  await live.click();
  check(await live.getAttribute("aria-pressed") === "false", "live can be paused");
  await context.close();
}

async function endedSession(browser) {
  const { page, context } = await reader(browser, "operator");
  await context.clearCookies();
  await page.goto("/ui/events?status=active");
  check(path(page) === "/ui/sign-in", "whoever is signed out signs in");
  await signInHere(page);
  check(page.url().endsWith("/ui/events?status=active"), `and is led back: ${page.url()}`);
  await context.close();
}

async function signInHere(page) {
  await page.fill("#email", "operator@example.com");
  await page.fill("#password", PASSWORD);
  await Promise.all([page.waitForNavigation(), page.press("#password", "Enter")]);
}

await test(async (browser) => {
  for (const story of [byKeyboard, theLog, twoOperators, anEarlierMoment, theEditor, connectionGone, endedSession]) {
    await story(browser).catch((error) => check(false, `${story.name}: ${error}`));
  }
});
