// Runs the official conformance suite of MCP on a server, and compares what fails with what is known not to apply.
//
// Usage: conformance.mjs MCP_URL REVISION FOLDER [SCENARIO...]
//
// Without scenarios, all that conformance to the revision takes are run, and those that the suite runs beside them,
// extensions apart; then exactly what `not-applicable.yaml` lists must fail. Named scenarios must pass as they are.
// Results are kept in the folder. Checks that the suite warns about count as failed.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { parse } from "yaml";

const HERE = import.meta.dirname;
const SUITE = path.join(HERE, "node_modules/@modelcontextprotocol/conformance");
const read = (file) => parse(fs.readFileSync(file, "utf8"));

/** Runs the suite once and returns the checks of each scenario. */
function run(folder, ...options) {
  fs.rmSync(folder, { recursive: true, force: true });
  const suite = [path.join(SUITE, "dist/index.js"), "server", "--output-dir", folder, ...options];
  const { stdout, stderr } = spawnSync(process.execPath, suite, { encoding: "utf8" });
  const results = new Map();
  for (const file of fs.existsSync(folder) ? fs.readdirSync(folder, { recursive: true }) : []) {
    if (path.basename(file) !== "checks.json") continue;
    const scenario = path.basename(path.dirname(file)).replace(/^server-/, "").replace(/-\d{4}-\d{2}-\d{2}T[\d-]+Z$/, "");
    results.set(scenario, read(path.join(folder, file)));
  }
  if (results.size === 0) throw new Error(`the suite has no results:\n${stdout}${stderr}`);
  return results;
}

const extensions = (requirements) =>
  requirements.not_scored.filter((each) => each.leg === "server" && each.reason === "extension").map((each) => each.scenario);

/** Counts checks, and says what is unexpected. */
function judge(results, reasons) {
  const counts = { passed: 0, failed: 0, listed: 0 };
  const used = new Set();
  for (const [scenario, checks] of results) {
    for (const { id, status, errorMessage } of checks) {
      const entry = [scenario, `${scenario}:${id}`].find((entry) => entry in reasons);
      if (status === "SUCCESS") {
        counts.passed += 1;
      } else if (status === "FAILURE" || status === "WARNING") {
        counts[entry ? "listed" : "failed"] += 1;
        if (entry) used.add(entry);
        else console.log(`${scenario}:${id} FAILED: ${errorMessage}`);
      }
    }
  }
  const stale = Object.keys(reasons).filter((entry) => !used.has(entry));
  for (const entry of stale) console.log(`${entry} is listed as not applicable, and does not fail`);
  return { ...counts, stale: stale.length };
}

function main(url, revision, folder, scenarios) {
  let results = new Map();
  let reasons = {};
  if (scenarios.length > 0) {
    for (const scenario of scenarios) {
      const options = ["--url", url, "--scenario", scenario, "--spec-version", revision];
      const [checks] = run(path.join(folder, scenario), ...options).values();
      const passed = checks.filter((check) => check.status === "SUCCESS").length;
      console.log(`${scenario} ${passed}/${checks.length}`);
      results.set(scenario, checks);
    }
  } else {
    results = run(folder, "--url", url, "--requirements", revision);
    const requirements = read(path.join(SUITE, "requirements", `${revision}.yaml`));
    for (const scenario of extensions(requirements)) results.delete(scenario);
    const missing = requirements.server.filter((scenario) => !results.has(scenario));
    if (missing.length > 0) throw new Error(`the suite did not run ${missing.join(", ")}`);
    reasons = read(path.join(HERE, "not-applicable.yaml"))[revision];
  }
  const { passed, failed, listed, stale } = judge(results, reasons);
  console.log(`${passed} of ${passed + failed} checks pass, ${listed} more do not apply`);
  return failed + stale > 0 ? 1 : 0;
}

const [url, revision, folder, ...scenarios] = process.argv.slice(2);
if (!folder) {
  console.error("usage: conformance.mjs MCP_URL REVISION FOLDER [SCENARIO...]");
  process.exit(2);
}
process.exitCode = main(url, revision, folder, scenarios);
