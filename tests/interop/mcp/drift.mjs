// Calls tools with the official TypeScript clients of MCP, over everything that their upstream may respond with.
//
// Usage: drift.mjs CAPABILITIES
//
// The argument is [{"shape": {"url": MCP_URL, "environment": {...}}, "full": {...}}, ...]: a server of each capability for
// each kind of output schema, in front of `naftiko-interop drift`. A client checks structured content against the schema
// that it has listed. With shapes it has to take every result; with full schemas, those that the schema allows, and no
// others. What it takes has the values of the upstream.

import assert from "node:assert/strict";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as OldTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

// Names of members whose values are masked if they are no objects, unless they are revealed.
const SECRETS = ["data", "result", "secrets"];
const SELF = { name: "naftiko-interop", version: "1.0.0" };
const modern = (mode) => (url) => [new Client(SELF, { versionNegotiation: { mode } }), new StreamableHTTPClientTransport(url)];
const LIBRARIES = {
  "client legacy": modern("legacy"),
  "client modern": modern("auto"),
  sdk: (url) => [new OldClient(SELF), new OldTransport(url)],
};

async function connected(library, { url }) {
  const [client, transport] = LIBRARIES[library](new URL(url));
  await client.connect(transport);
  const { tools } = await client.listTools();
  return { client, tools };
}

async function send(method, { environment }, path, document) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(environment.NAFTIKO_BASE_URI + path, { method, headers, body: JSON.stringify(document) });
  assert(response.ok, `the upstream does ${path}`);
  const text = await response.text();
  return text === "" ? undefined : JSON.parse(text);
}

/** A document with the masks that another one has at values of secrets. */
function masked(sent, got, isSecret) {
  if (Array.isArray(sent)) return sent.map((item, index) => masked(item, got[index], isSecret));
  if (sent === null) return sent;
  if (typeof sent !== "object") return isSecret && got === "***" ? got : sent;
  const member = ([name, value]) => [name, masked(value, got[name], SECRETS.includes(name))];
  return Object.fromEntries(Object.entries(sent).map(member));
}

/** Whether the client takes the result. It is an error if that, or the result, is not as it should be. */
async function call(client, { tool, arguments: values }, response, kind) {
  const must = kind === "shape" || (response.fits ?? true);
  let result;
  try {
    result = await client.callTool({ name: tool, arguments: values });
  } catch (error) {
    if (must || !/structured content/i.test(error.message)) throw error;
    return false;
  }
  assert(must, "it is taken although the schema does not allow it");
  const { isError, structuredContent, content } = result;
  if (!("expected" in response)) {
    assert(isError && structuredContent === undefined, `it is an error: ${JSON.stringify(result)}`);
    assert.equal(JSON.parse(content[1].text).error.status, response.status);
    return true;
  }
  assert(!isError, `it is a success: ${JSON.stringify(content)}`);
  for (const [sent, got] of [[response.expected, structuredContent], [response.body, JSON.parse(content[0].text)]]) {
    assert.deepEqual(got, kind === "shape" ? masked(sent, got, tool.startsWith("access-")) : sent);
  }
  return true;
}

async function main(capabilities) {
  let [taken, rejected, failed] = [0, 0, 0];
  for (const servers of capabilities) {
    const { client, tools } = await connected("client modern", servers.full);
    await client.close();
    const cases = await send("POST", servers.full, "/drift/cases", tools);
    for (const [kind, server] of Object.entries(servers)) {
      for (const library of Object.keys(LIBRARIES)) {
        const { client, tools } = await connected(library, server);
        const declaring = tools.filter((tool) => tool.outputSchema).map((tool) => tool.name);
        assert.deepEqual(declaring, cases.map(({ tool }) => tool));
        for (const [each, response] of cases.flatMap((each) => each.responses.map((response) => [each, response]))) {
          await send("PUT", server, "/drift/response", response);
          try {
            if (await call(client, each, response, kind)) taken += 1;
            else rejected += 1;
          } catch (error) {
            failed += 1;
            console.log(`${library} ${kind} ${each.tool}: ${JSON.stringify(response)}: ${error}`);
          }
        }
        await client.close();
      }
    }
  }
  const right = taken + rejected;
  console.log(`${right} of ${right + failed} results are as promised: ${taken} taken, ${rejected} rejected by a full schema`);
  return failed === 0 && taken > 0 && rejected > 0;
}

process.exitCode = (await main(JSON.parse(process.argv[2]))) ? 0 : 1;
