// Every page that somebody of a role can reach by links, in both languages and themes and three widths: it answers, reports
// nothing, asks nobody else, is accessible, and fits. Pages are found by following links, one of each kind.
import { axe, base, check, fits, picture, reader, test } from "./browser.mjs";

const kind = (href) => {
  const url = new URL(href, base);
  return url.pathname.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "ID").replace(/\/\d+(?=\/|$)/g, "/N");
};
const isPage = (href) => {
  const url = new URL(href, base);
  return url.origin === base && url.pathname.startsWith("/ui") && !/\/(language|theme|assets|stream|sign-)/.test(url.pathname)
    && !url.searchParams.has("fragment") && !url.pathname.endsWith(".csv");
};

/** Where wallets are shown: links lead there. */
const STAFF = ["/ui/adjustments", "/ui/members/ID/wallet"];
const WALLETS = { admin: STAFF, operator: STAFF, auditor: STAFF, member: ["/ui/me/points"] };

async function find(browser, role) {
  const { context, page, seen } = await reader(browser, role);
  const found = new Map(role === "member" ? [["/ui/me", "/ui/me"]] : [["/ui", "/ui"]]);
  for (const [name, href] of found) {
    const answer = await page.goto(href);
    const title = `${role} ${name}`;
    check(answer.status() === 200, `${title}: ${answer.status()}`);
    const size = (await answer.body()).length;
    check(size <= 60 * 1024, `${title}: ${size} bytes`);
    check(await page.locator("h1").count() === 1, `${title}: one h1`);
    check(await page.locator("html").getAttribute("lang") === "en", `${title}: lang`);
    for (const link of await page.locator("a[href]").evaluateAll((links) => links.map((one) => one.href))) {
      const of = isPage(link) && kind(link);
      if (of && !found.has(of)) found.set(of, link.split("#")[0]);
    }
    await axe(page, `${title} light`);
    await fits(page, title);
    await picture(page, `${role}${name.replaceAll("/", "-")}-en-light-1440`);
    for (const what of seen.splice(0)) check(false, `${title}: ${what}`);
  }
  await context.close();
  return found;
}

async function again(browser, role, found, look, name) {
  const { context, page, seen } = await reader(browser, role, look);
  for (const [of, href] of found) {
    const title = `${role} ${of} ${name}`;
    const answer = await page.goto(href);
    check(answer.status() === 200, `${title}: ${answer.status()}`);
    await fits(page, title);
    if (look.dark) await axe(page, title);
    if (look.ko) check(await page.locator("html").getAttribute("lang") === "ko", `${title}: lang`);
    await picture(page, `${role}${of.replaceAll("/", "-")}-${name}`);
    for (const what of seen.splice(0)) check(false, `${title}: ${what}`);
  }
  await context.close();
}

/** Without the module a page has the same figures and rows; nothing waits for a script to be there. */
async function withoutModule(browser) {
  const [plain, scripted] = await Promise.all([reader(browser, "operator", { script: false }), reader(browser, "operator")]);
  for (const href of ["/ui?at=5000", "/ui/events?at=5000", "/ui/claims?at=5000"]) {
    const [a, b] = await Promise.all([plain, scripted].map(({ page }) => page.goto(href).then((answer) => answer.text())));
    const bare = (html) => html.replace(/(name="(token|key)" value=)"[^"]*"/g, "$1");
    check(a.length > 2_000 && bare(a) === bare(b), `${href}: the same page with and without the module`);
  }
  await Promise.all([plain, scripted].map(({ context }) => context.close()));
}

/** The two pictures of the README: `docs/images` has copies of them. */
async function frontPage(browser) {
  const { context, page } = await reader(browser, "operator", { height: 1000 });
  await page.goto("/ui");
  await picture(page, "readme-overview", { fullPage: false });
  await page.goto("/ui/events");
  await page.getByRole("link", { name: "Coffee for regulars" }).first().click();
  await page.waitForURL(/events\/[0-9a-f-]{36}/);
  await page.goto(`${new URL(page.url()).pathname}/edit`);
  await picture(page, "readme-editor", { fullPage: false });
  await context.close();
}

await test(async (browser) => {
  for (const role of ["admin", "operator", "auditor", "member"]) {
    const found = await find(browser, role);
    console.log(`${role}: ${[...found.keys()].join(" ")}`);
    for (const one of WALLETS[role]) check(found.has(one), `${role}: a way to ${one}`);
    await Promise.all([
      again(browser, role, found, { ko: true, dark: true, width: 390 }, "ko-dark-390"),
      again(browser, role, found, { width: 320 }, "en-light-320"),
    ]);
  }
  await withoutModule(browser);
  await frontPage(browser);
  const { page } = await reader(browser, null, { dark: true, ko: true });
  await page.goto("/ui/events?status=active");
  check(new URL(page.url()).pathname === "/ui/sign-in", "a stranger signs in first");
  await axe(page, "sign-in");
});
