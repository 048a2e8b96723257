// Lists the tools of each server with the official inspector, which also judges whether every client can read their schemas.
//
// Usage: inspector.mjs SERVERS, as `calls.mjs` has them.

import { spawnSync } from "node:child_process";
import path from "node:path";

const INSPECTOR = "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js";
const LIST = ["--method", "tools/list", "--strict", "--format", "json"];

/** How many tools there are. Any other output of the inspector is a problem. */
function list(target, options) {
  const inspector = [path.join(import.meta.dirname, INSPECTOR), "--cli", ...target, ...options, ...LIST];
  const { status, stdout, stderr } = spawnSync(process.execPath, inspector, { encoding: "utf8" });
  if (status !== 0 || stderr.trim() !== "") throw new Error(`the inspector ends with ${status}: ${stdout}${stderr}`);
  return JSON.parse(stdout).result.tools.length;
}

const servers = Object.entries(JSON.parse(process.argv[2]));
for (const [name, { url, command, environment }] of servers) {
  const variables = Object.entries(environment).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  const targets = { http: [[url], []], stdio: [command, variables] };
  for (const [transport, [target, options]] of Object.entries(targets)) {
    for (const era of ["legacy", "modern"]) {
      console.log(`${name} ${transport} ${era}: ${list(target, [...options, "--protocol-era", era])} tools`);
    }
  }
}
console.log(`0 problems in ${servers.length} servers over HTTP and stdio, in both eras`);
