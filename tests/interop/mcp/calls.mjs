// What a client in TypeScript does, whichever library it is made with.
//
// `talk` takes the library, and the servers as the argument of the script that calls it:
//
//   {"group": {"url": MCP_URL, "command": [PROGRAM, ARGUMENT...], "environment": {...}}, "search": {...}, "fixture": {...}}
//
// They are the server of a group, the same in search mode, and that of the fixture. Replicas of each run behind the URL, in
// front of its upstream, and the command starts it for stdio. Every transport is tried in both eras of the protocol, with
// `initialize` and stateless, as far as the library knows them. `talk` returns whether everything is as expected.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import net from "node:net";

// Per tool: is it read-only, destructive, idempotent, and does it reach the world outside?
const TOOLS = {
  "list-secret-versions": [true, false, true, true],
  "create-secret-version": [false, false, false, true],
  "get-secret-version": [true, false, true, true],
  "update-secret-version": [false, false, true, true],
  "delete-secret-version": [false, true, true, true],
  "access-secret-version": [true, false, false, true],
  "disable-secret-version": [false, false, true, true],
  "enable-secret-version": [false, false, true, true],
  "access-secret-version-by-path": [true, false, false, true],
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
// Those that find and call the others.
const FINDERS = ["search_tools", "describe_tool", "call_tool"];
const SERVER = "scaleway";
const REVISIONS = { legacy: "2025-11-25", modern: "2026-07-28" };
const REGION = "fr-par";
const PROJECT_ID = "7e57ab1e-0000-4000-8000-0000000000bb"; // The only project of the simulator's token.

/** The error of a result: in its structured content, or in a text where the tool declares what it returns. */
function errorOf({ structuredContent, content }) {
  const texts = content.map(({ text }) => text).filter((text) => text?.startsWith('{"error":'));
  return [structuredContent, ...texts.map((text) => JSON.parse(text))].find((document) => document?.error)?.error;
}

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
  constructor(library, client, label, asks, counter, searches) {
    this.library = library;
    this.client = client;
    // Whether the list has only the tools that find the others.
    this.searches = searches;
    this.asks = asks;
    this.counter = counter;
    // How often the user was asked, and what the answer is.
    this.asked = 0;
    this.answer = { action: "accept", content: { ok: true } };
    this.secret = { name: `${library.name}-${label.replaceAll(" ", "-")}-${randomUUID()}` };
  }

  call(name, values = {}) {
    const call = { name, arguments: { region: REGION, ...values } };
    return this.library.call(this.client, this.searches ? { name: "call_tool", arguments: call } : call);
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

  async searching() {
    const { tools } = await this.client.listTools();
    assert.deepEqual(tools.map((tool) => tool.name), FINDERS);
    const find = (name, values) => this.library.call(this.client, { name, arguments: values });
    const found = await find("search_tools", { query: "get rid of a secret", limit: 3 });
    const names = found.structuredContent.tools.map((tool) => tool.name);
    assert(names.includes("delete-secret"), `the tool is found: ${names}`);
    const described = await find("describe_tool", { name: "delete-secret" });
    assert.deepEqual(described.structuredContent.inputSchema.required, ["region", "secret_id"]);
    assert.equal((await this.call("no-such-tool")).isError, true, "there is no such tool");
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

  /** What another capability of the group does with the same secret. */
  async versions() {
    const target = { secret_id: this.secret.id };
    const version = await this.document("create-secret-version", { ...target, body: { data: "c2VjcmV0" } });
    assert.deepEqual([version.revision, version.status], [1, "enabled"]);
    const { versions } = await this.document("list-secret-versions", target);
    assert.deepEqual(versions.map(({ revision }) => revision), [1]);
    const { data } = await this.document("access-secret-version", { ...target, revision: "latest" });
    assert.equal(data, "***", "its value is masked");
  }

  async protection() {
    const target = { secret_id: this.secret.id };
    assert.equal((await this.document("enable-secret-protection", target)).protected, true);
    const refused = await this.call("delete-secret", target);
    assert.equal(refused.isError, true, "a protected secret is not deleted");
    assert.equal(errorOf(refused).status, 412);
    assert.equal((await this.document("disable-secret-protection", target)).protected, false);
    const deleted = await this.call("delete-secret", target);
    assert(!deleted.isError, `it is deleted, not: ${JSON.stringify(deleted.content)}`);
    assert.equal(deleted.structuredContent, undefined, "nothing is answered");
  }

  async errors() {
    const sent = this.counter?.sent ?? 0;
    const refused = await this.call("get-metadata-using-secret-s-id", { secret_id: ".." });
    assert.equal(refused.isError, true, "the argument is refused");
    const error = errorOf(refused);
    assert.deepEqual(error.arguments.map((each) => each.argument), ["secret_id"]);
    assert(!("status" in error) && !("requestId" in error), `no upstream answered: ${JSON.stringify(error)}`);
    if (this.counter) {
      assert(sent > 0);
      assert.equal(this.counter.sent, sent, "nothing is sent to the upstream");
    }
    const protocolError = (error) => this.library.isProtocolError(error) && error.code === -32602;
    const unknown = this.library.call(this.client, { name: "no-such-tool", arguments: {} });
    await assert.rejects(unknown, protocolError, "an unknown tool is an error of the protocol");
  }

  /** A secret that goes only when the user agrees, as far as this connection can ask. */
  async confirmation() {
    assert.equal(this.asked, this.asks ? 2 : 0, "each destructive call so far was asked about");
    if (!this.asks) return;
    const name = `${this.secret.name}-kept`;
    const { id } = await this.document("create-secret", { body: { project_id: PROJECT_ID, name } });
    const yes = this.answer;
    for (const answer of [{ action: "decline" }, { action: "accept", content: { ok: false } }]) {
      this.answer = answer;
      const kept = await this.call("delete-secret", { secret_id: id });
      assert.equal(kept.isError, true, "the user did not agree");
      await this.document("get-metadata-using-secret-s-id", { secret_id: id });
    }
    this.answer = yes;
    const deleted = await this.call("delete-secret", { secret_id: id });
    assert(!deleted.isError, `it is deleted, not: ${JSON.stringify(deleted.content)}`);
    assert.equal(this.asked, 5);
  }

  /** A call that reports progress, on the server of the fixture. */
  async progress() {
    const reported = [];
    const parameters = { name: "wait", arguments: { milliseconds: 1300 } };
    const result = await this.library.call(this.client, parameters, { onprogress: ({ progress }) => reported.push(progress) });
    assert(!result.isError, `it is answered, not: ${JSON.stringify(result.content)}`);
    assert(reported.length >= 1, "there is progress");
    assert(reported.every((each, at) => at === 0 || each > reported[at - 1]), `it goes on: ${reported}`);
  }

  /** A call that is given up, on the server of the fixture; the next one is answered all the same. */
  async cancellation() {
    const slow = this.library.call(this.client, { name: "wait", arguments: { milliseconds: 5000 } }, { timeout: 300 });
    await assert.rejects(slow, this.library.isTimeout, "the call takes too long");
    const { content } = await this.library.call(this.client, { name: "test_simple_text", arguments: {} });
    assert.equal(content[0].text, "This is a simple text response for testing.");
  }
}

/** Connects to a server, and runs groups of calls. */
async function attempt(library, transport, label, era, groups, asks, counter) {
  const client = library.client(era);
  let revision = "-";
  let group = "connect";
  try {
    const run = new Run(library, client, label, asks, counter, groups.includes("searching"));
    library.onQuestion(client, async () => {
      run.asked += 1;
      return run.answer;
    });
    await client.connect(transport);
    revision = library.revision(client, transport);
    assert.equal(revision ?? REVISIONS[era], REVISIONS[era]);
    for (group of groups) {
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

export async function talk(library, { group, search, fixture }) {
  const counter = await relay(group.environment.NAFTIKO_BASE_URI);
  const environment = { ...group.environment, NAFTIKO_BASE_URI: counter.uri };
  const calls = ["life", "versions", "protection", "errors", "confirmation"];
  const subjects = [
    [group, environment, ["listing", ...calls]],
    [search, search.environment, ["searching", ...calls]],
    [fixture, fixture.environment, ["progress", "cancellation"]],
  ];
  let good = true;
  const rows = [];
  for (const transport of ["http", "stdio"]) {
    for (const era of library.eras) {
      const began = performance.now();
      // Together, because that of the fixture mostly waits.
      const outcomes = await Promise.all(subjects.map(([subject, env, groups]) => {
        const { url, command: [command, ...args] } = subject;
        const connection = transport === "http" ? library.http(new URL(url)) : library.stdio({ command, args, env });
        const counted = transport === "stdio" && subject === group ? counter : undefined;
        // Without sessions, an old client cannot be asked over HTTP.
        const asks = era === "modern" || transport === "stdio";
        return attempt(library, connection, `${transport} ${era}`, era, groups, asks, counted);
      }));
      const [revision, result] = outcomes.find(([, result]) => result !== "ok") ?? outcomes[0];
      good &&= result === "ok";
      const seconds = `${((performance.now() - began) / 1000).toFixed(2)} s`.padStart(7);
      const columns = [library.name.padEnd(11), transport.padEnd(9), era.padEnd(7), String(revision ?? "-").padEnd(11)];
      rows.push(`${columns.join(" ")} ${seconds}  ${result}`);
    }
  }
  counter.close();
  for (const row of rows) console.log(row);
  return good;
}
