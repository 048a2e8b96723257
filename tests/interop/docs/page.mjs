// Opens the page of a generated server's OpenAPI document in Chromium.
//
// Usage: page.mjs URL PICTURE, or page.mjs --find
//
// The URL is that of a running server; a picture of the page is written to the file. `--find` only says whether there is a
// browser. The exit status is 0 only when everything is as expected.

import assert from "node:assert/strict";
import { accessSync, constants } from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";

const TITLE = "Secret Manager API — Secrets";
const OPERATIONS = 10;

/** The browser that NAFTIKO_CHROMIUM names, one that is installed on this machine, or the one of Playwright. */
function find() {
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  const installed = names.flatMap((name) => folders.map((folder) => path.join(folder, name)));
  const candidates = [process.env.NAFTIKO_CHROMIUM, ...installed, chromium.executablePath()];
  return candidates.find((file) => {
    try {
      accessSync(file ?? "", constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function open(browser, url, picture) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const [wrong, hosts] = [[], new Set()];
  page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("requestfailed", (request) => wrong.push(`${request.url()} failed`));
  page.on("request", (request) => hosts.add(new URL(request.url()).host));
  page.on("response", (response) => response.ok() || wrong.push(`${response.url()} is ${response.status()}`));
  // The browser reports what the policy of the page forbids to the page; not all of it is an error on the console.
  await page.exposeFunction("report", (violation) => wrong.push(violation));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) =>
      report(`${event.violatedDirective} forbids ${event.blockedURI || "what stands in the page"}`),
    );
  });

  await page.goto(`${url}/docs`);
  await page.getByRole("heading", { name: TITLE }).waitFor();
  await page.locator(".opblock").nth(OPERATIONS - 1).waitFor();
  await page.screenshot({ path: picture, fullPage: true });
  const blocks = page.locator(".opblock");
  assert.equal(await blocks.count(), OPERATIONS);
  // An operation opens, and shows what it takes.
  await blocks.first().locator(".opblock-summary-control").click();
  await blocks.first().getByText("The region you want to target").waitFor();
  await page.waitForLoadState("networkidle");
  assert.deepEqual(wrong, []);
  assert.deepEqual([...hosts].filter(Boolean), [new URL(url).host]);
  console.log(`${await blocks.count()} operations, no other host, no error; the picture is ${picture}`);
}

const executablePath = find();
const [first, picture] = process.argv.slice(2);
if (first === "--find") {
  process.exit(executablePath ? 0 : 1);
}
// The sandbox of Chromium does not work for root, as whom containers run; the only page is that of our own server.
const browser = await chromium.launch({ executablePath, chromiumSandbox: process.getuid?.() !== 0 });
try {
  await open(browser, first, picture);
} finally {
  await browser.close();
}
