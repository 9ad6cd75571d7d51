// Adjustments as staff make them: one person gives, another approves what is too much for one, and the member sees it.
import { axe, check, fits, reader, test } from "./browser.mjs";

await test(async (browser) => {
  const operator = await reader(browser, "operator", { width: 390 });
  await operator.page.goto("/ui/adjustments");
  check(await operator.page.getByText("Somebody else has to decide this one.").count() === 1, "nobody decides alone");
  check(await operator.page.getByRole("button", { name: /Approve/ }).count() === 0, "there is no button to approve");
  await operator.page.getByRole("table").getByRole("link").first().click();
  await operator.page.waitForURL(/members\/[0-9a-f-]{36}\/wallet/);
  await operator.page.getByLabel("Unit", { exact: true }).selectOption("stars");
  await operator.page.getByLabel("Amount").fill("many");
  await operator.page.getByLabel("Why").fill("Helped at the fair.");
  await operator.page.getByRole("button", { name: "Adjust the wallet" }).click();
  await operator.page.locator("#amount-e").waitFor();
  check(await operator.page.getByLabel("Why").inputValue() === "Helped at the fair.", "what was typed stays");
  await axe(operator.page, "a refused adjustment");
  await operator.page.getByLabel("Amount").fill("7");
  await operator.page.getByLabel("Why").press("Tab");
  await operator.page.getByRole("button", { name: "Adjust the wallet" }).press("Enter");
  await operator.page.getByText("The wallet is adjusted.").waitFor();
  await fits(operator.page, "a wallet that was adjusted");

  const admin = await reader(browser, "admin");
  await admin.page.goto("/ui/adjustments");
  await admin.page.getByLabel("Note", { exact: true }).fill("Seen at the fair.");
  await admin.page.getByRole("button", { name: "Approve: Gives 120 stars" }).click();
  await admin.page.getByText("Approved: the wallet is adjusted.").waitFor();
  check(await admin.page.getByText("Nothing waits").count() > 0, "nothing waits any more");
  check(await admin.page.getByText("Seen at the fair.").count() === 1, "the note is there");
  await axe(admin.page, "adjustments after a decision");

  const member = await reader(browser, "member", { width: 320, dark: true });
  await member.page.getByRole("link", { name: "Points", exact: true }).click();
  await member.page.getByRole("link", { name: "stars" }).click();
  const title = member.page.getByRole("heading", { level: 1, name: "You have 162 stars" });
  await title.waitFor({ timeout: 10_000 });
  await axe(member.page, "points of a member");
  await fits(member.page, "points of a member");
  for (const { seen } of [operator, admin, member]) {
    for (const what of seen) if (!what.includes("400 (Bad Request)")) check(false, what);
  }
});
