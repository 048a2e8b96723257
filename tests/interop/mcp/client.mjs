// Talks to a generated server with the official TypeScript client of MCP.
//
// Usage: client.mjs MCP_URL SERVER_BINARY
//
// The URL is that of a running server in front of the simulator. The binary is started for stdio; for that,
// NAFTIKO_BASE_URI and SCALEWAY_API_KEY name the simulator and its token. Every transport is tried in both eras
// of the protocol: with `initialize`, and stateless. The exit status is 0 only when everything is as expected.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import net from "node:net";
import { Client, ProtocolError, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

// Per tool: is it read-only, destructive, idempotent, and does it reach the world outside?
const TOOLS = {
  "list-secrets": [true, false, true, true],
  "create-secret": [false, false, false, true],
  "get-metadata-using-secret-s-id": [true, false, true, true],
  "update-metadata-secret": [false, false, true, true],
  "delete-secret": [false, true, true, true],
  "allow-product-use-secret": [false, false, false, true],
  "enable-secret-protection": [false, false, false, true],
  "restore-secret": [false, false, false, true],
  "disable-secret-protection": [false, false, false, true],
  "restore-version": [false, false, false, true],
};
const SERVER = "scaleway-secret-manager-secrets";
const REVISIONS = { legacy: "2025-11-25", modern: "2026-07-28" };
const REGION = "fr-par";
const PROJECT_ID = "7e57ab1e-0000-4000-8000-0000000000bb"; // The only project of the simulator's token.

/** Stands between a server and its upstream, and counts the bytes that the server sends. */
async function relay(upstream) {
  const { hostname, port } = new URL(upstream);
  const counter = { sent: 0 };
  const listener = net.createServer((requests) => {
    const answers = net.connect(Number(port), hostname);
    requests.on("data", (data) => (counter.sent += data.length));
    for (const socket of [requests, answers]) {
      socket.on("error", () => [requests, answers].forEach((each) => each.destroy()));
    }
    requests.pipe(answers).pipe(requests);
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  counter.uri = `http://127.0.0.1:${listener.address().port}`;
  counter.close = () => listener.close();
  return counter;
}

/** The calls of one connection, in groups that build on one another. */
class Run {
  constructor(client, label, counter) {
    this.client = client;
    this.counter = counter;
    this.secret = { name: `typescript-${label.replace(" ", "-")}-${randomUUID()}` };
  }

  call(name, values = {}) {
    return this.client.callTool({ name, arguments: { region: REGION, ...values } });
  }

  /** Calls a tool that has to succeed with a document, which is also the text of the result. */
  async document(tool, values) {
    const result = await this.call(tool, values);
    assert(!result.isError, `${tool} succeeds, not: ${JSON.stringify(result.content)}`);
    assert.deepEqual(JSON.parse(result.content[0].text), result.structuredContent);
    return result.structuredContent;
  }

  async listing() {
    const { tools } = await this.client.listTools();
    assert.deepEqual(tools.map((tool) => tool.name), Object.keys(TOOLS));
    for (const { name, annotations: hints, inputSchema } of tools) {
      const given = [hints.readOnlyHint, hints.destructiveHint, hints.idempotentHint, hints.openWorldHint];
      assert.deepEqual(given, TOOLS[name], `${name} has its hints, not ${given}`);
      assert.equal(inputSchema.type, "object");
    }
    assert.equal(this.client.getServerVersion()?.name, SERVER);
  }

  async life() {
    const { name } = this.secret;
    this.secret = await this.document("create-secret", { body: { project_id: PROJECT_ID, name } });
    assert.equal(this.secret.name, name);
    const listed = await this.document("list-secrets", { project_id: PROJECT_ID, name, scheduled_for_deletion: false });
    assert.deepEqual(listed.secrets.map((secret) => secret.id), [this.secret.id]);
    const found = await this.document("get-metadata-using-secret-s-id", { secret_id: this.secret.id });
    assert.deepEqual(found, this.secret);
  }

  async protection() {
    const target = { secret_id: this.secret.id };
    assert.equal((await this.document("enable-secret-protection", target)).protected, true);
    const refused = await this.call("delete-secret", target);
    assert.equal(refused.isError, true, "a protected secret is not deleted");
    assert.equal(refused.structuredContent.error.status, 412);
    assert.equal((await this.document("disable-secret-protection", target)).protected, false);
    const deleted = await this.call("delete-secret", target);
    assert(!deleted.isError, `it is deleted, not: ${JSON.stringify(deleted.content)}`);
    assert.equal(deleted.structuredContent, undefined, "nothing is answered");
  }

  async errors() {
    const sent = this.counter?.sent ?? 0;
    const refused = await this.call("get-metadata-using-secret-s-id", { secret_id: ".." });
    assert.equal(refused.isError, true, "the argument is refused");
    const { error } = refused.structuredContent;
    assert.deepEqual(error.arguments.map((each) => each.argument), ["secret_id"]);
    assert(!("status" in error) && !("requestId" in error), `no upstream answered: ${JSON.stringify(error)}`);
    if (this.counter) {
      assert(sent > 0);
      assert.equal(this.counter.sent, sent, "nothing is sent to the upstream");
    }
    const protocolError = (error) => error instanceof ProtocolError && error.code === -32602;
    await assert.rejects(this.call("no-such-tool"), protocolError, "an unknown tool is an error of the protocol");
  }
}

/** Tries one transport in one era. */
async function attempt(transport, label, era, counter) {
  const versionNegotiation = { mode: era === "legacy" ? "legacy" : "auto" };
  const client = new Client({ name: "naftiko-interop", version: "1.0.0" }, { versionNegotiation });
  let revision = "-";
  let group = "connect";
  try {
    await client.connect(transport);
    revision = client.getNegotiatedProtocolVersion();
    assert.equal(revision, REVISIONS[era]);
    const run = new Run(client, label, counter);
    for (group of ["listing", "life", "protection", "errors"]) {
      await run[group]();
      console.log(`${label}: ${group} ok`);
    }
    return [revision, "ok"];
  } catch (error) {
    console.log(`${label}: ${group} FAILED: ${error}`);
    return [revision, `FAILED in ${group}`];
  } finally {
    await client.close();
  }
}

async function main(url, binary) {
  const counter = await relay(process.env.NAFTIKO_BASE_URI);
  const { SCALEWAY_API_KEY } = process.env;
  const env = { NAFTIKO_BASE_URI: counter.uri, SCALEWAY_API_KEY, RUST_LOG: "error" };
  const transports = {
    http: () => [new StreamableHTTPClientTransport(new URL(url))],
    stdio: () => [new StdioClientTransport({ command: binary, args: ["mcp"], env }), counter],
  };
  const rows = [];
  for (const [name, start] of Object.entries(transports)) {
    for (const era of Object.keys(REVISIONS)) {
      const began = performance.now();
      const [transport, counter] = start();
      const [revision, result] = await attempt(transport, `${name} ${era}`, era, counter);
      rows.push({ name, era, revision, result, seconds: (performance.now() - began) / 1000 });
    }
  }
  counter.close();
  for (const { name, era, revision, result, seconds } of rows) {
    const columns = ["typescript".padEnd(11), name.padEnd(9), era.padEnd(7), String(revision).padEnd(11)];
    console.log(`${columns.join(" ")} ${seconds.toFixed(2).padStart(5)} s  ${result}`);
  }
  return rows.every((row) => row.result === "ok") ? 0 : 1;
}

const [url, binary, ...rest] = process.argv.slice(2);
if (!binary || rest.length > 0) {
  console.error("usage: client.mjs MCP_URL SERVER_BINARY");
  process.exit(2);
}
process.exitCode = await main(url, binary);
