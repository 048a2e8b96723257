"""Talks to generated servers with the official Python client of MCP.

Usage: client.py SERVERS

The argument is {"group": {"url": MCP_URL, "command": [PROGRAM, ARGUMENT...], "environment": {...}}, "search": {...},
"fixture": {...}}: the server of a group, the same in search mode, and that of the fixture. Replicas of each run behind the
URL, in front of its upstream, and the command starts it for stdio. Every transport is tried in both eras of the protocol:
with `initialize`, and stateless. The exit status is 0 only when everything is as expected.
"""

import asyncio
import json
import sys
import time
import uuid
from urllib.parse import urlsplit

import anyio
from mcp import Client, MCPError, StdioServerParameters
from mcp.types import ElicitResult

# Per tool: is it read-only, destructive, idempotent, and does it reach the world outside?
TOOLS = {
    "list-secret-versions": (True, False, True, True),
    "create-secret-version": (False, False, False, True),
    "get-secret-version": (True, False, True, True),
    "update-secret-version": (False, False, True, True),
    "delete-secret-version": (False, True, True, True),
    "access-secret-version": (True, False, False, True),
    "disable-secret-version": (False, False, True, True),
    "enable-secret-version": (False, False, True, True),
    "access-secret-version-by-path": (True, False, False, True),
    "list-secrets": (True, False, True, True),
    "create-secret": (False, False, False, True),
    "get-metadata-using-secret-s-id": (True, False, True, True),
    "update-metadata-secret": (False, False, True, True),
    "delete-secret": (False, True, True, True),
    "allow-product-use-secret": (False, False, False, True),
    "enable-secret-protection": (False, False, False, True),
    "restore-secret": (False, False, False, True),
    "disable-secret-protection": (False, False, False, True),
    "restore-version": (False, False, False, True),
}
# Those that find and call the others.
FINDERS = ["search_tools", "describe_tool", "call_tool"]
SERVER = "scaleway"
REVISIONS = {"legacy": "2025-11-25", "modern": "2026-07-28"}
REGION = "fr-par"
PROJECT_ID = "7e57ab1e-0000-4000-8000-0000000000bb"  # The only project of the simulator's token.
TIMEOUT = 60


def error_of(result):
    """The error of a result: in its structured content, or in a text where the tool declares what it returns."""
    texts = [block.text for block in result.content if block.type == "text" and block.text.startswith('{"error":')]
    documents = [result.structured_content or {}, *map(json.loads, texts)]
    return next(document["error"] for document in documents if "error" in document)


class Relay:
    """Stands between a server and its upstream, and counts the bytes that the server sends."""

    def __init__(self, upstream):
        address = urlsplit(upstream)
        self.upstream = (address.hostname, address.port)
        self.sent = 0

    async def __aenter__(self):
        self.listener = await asyncio.start_server(self.accept, "127.0.0.1", 0)
        self.uri = f"http://127.0.0.1:{self.listener.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self.listener.close()

    async def accept(self, reader, writer):
        async def pump(source, sink, count):
            while data := await source.read(65536):
                self.sent += len(data) if count else 0
                sink.write(data)
            sink.close()

        answers, requests = await asyncio.open_connection(*self.upstream)
        await asyncio.gather(pump(reader, requests, True), pump(answers, writer, False))


class Run:
    """The calls of one connection, in groups that build on one another."""

    def __init__(self, label, asks, relay, searches):
        self.client = None
        # Whether the list has only the tools that find the others.
        self.searches = searches
        self.asks = asks
        self.relay = relay
        # How often the user was asked, and what the answer is.
        self.asked = 0
        self.answer = ElicitResult(action="accept", content={"ok": True})
        self.secret = {"name": f"python-{label.replace(' ', '-')}-{uuid.uuid4()}"}

    async def ask(self, *_):
        self.asked += 1
        return self.answer

    async def call(self, tool, **arguments):
        arguments = {"region": REGION, **arguments}
        if self.searches:
            tool, arguments = "call_tool", {"name": tool, "arguments": arguments}
        return await self.client.call_tool(tool, arguments)

    async def document(self, tool, **arguments):
        """Calls a tool that has to succeed with a document, which is also the text of the result."""
        result = await self.call(tool, **arguments)
        check(not result.is_error, f"{tool} succeeds, not: {result.content}")
        check(json.loads(result.content[0].text) == result.structured_content, f"{tool} has one document, twice")
        return result.structured_content

    async def listing(self):
        tools = (await self.client.list_tools()).tools
        check([tool.name for tool in tools] == list(TOOLS), f"these are the tools: {[tool.name for tool in tools]}")
        for tool in tools:
            hints = tool.annotations
            hints = (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint)
            check(hints == TOOLS[tool.name], f"{tool.name} has its hints, not {hints}")
            check(tool.input_schema["type"] == "object", f"{tool.name} takes an object")
        check(self.client.server_info.name == SERVER, f"the server says who it is, not {self.client.server_info}")

    async def searching(self):
        tools = (await self.client.list_tools()).tools
        check([tool.name for tool in tools] == FINDERS, f"these are the tools: {[tool.name for tool in tools]}")
        found = await self.client.call_tool("search_tools", {"query": "get rid of a secret", "limit": 3})
        names = [tool["name"] for tool in found.structured_content["tools"]]
        check("delete-secret" in names, f"the tool is found: {names}")
        described = await self.client.call_tool("describe_tool", {"name": "delete-secret"})
        required = described.structured_content["inputSchema"]["required"]
        check(required == ["region", "secret_id"], f"it is described: {described.structured_content}")
        missing = await self.call("no-such-tool")
        check(missing.is_error, f"there is no such tool: {missing}")

    async def life(self):
        name = self.secret["name"]
        self.secret = await self.document("create-secret", body={"project_id": PROJECT_ID, "name": name})
        check(self.secret["name"] == name, f"the secret has its name: {self.secret}")
        listed = await self.document("list-secrets", project_id=PROJECT_ID, name=name, scheduled_for_deletion=False)
        check([secret["id"] for secret in listed["secrets"]] == [self.secret["id"]], f"it is listed: {listed}")
        found = await self.document("get-metadata-using-secret-s-id", secret_id=self.secret["id"])
        check(found == self.secret, f"it is found: {found}")

    async def versions(self):
        """What another capability of the group does with the same secret."""
        target = {"secret_id": self.secret["id"]}
        version = await self.document("create-secret-version", body={"data": "c2VjcmV0"}, **target)
        check((version["revision"], version["status"]) == (1, "enabled"), f"it is the first: {version}")
        listed = await self.document("list-secret-versions", **target)
        check([each["revision"] for each in listed["versions"]] == [1], f"it is listed: {listed}")
        value = await self.document("access-secret-version", revision="latest", **target)
        check(value["data"] == "***", f"its value is masked: {value}")

    async def protection(self):
        secret_id = self.secret["id"]
        secret = await self.document("enable-secret-protection", secret_id=secret_id)
        check(secret["protected"] is True, f"it is protected: {secret}")
        refused = await self.call("delete-secret", secret_id=secret_id)
        check(refused.is_error, "a protected secret is not deleted")
        check(error_of(refused)["status"] == 412, f"status 412: {refused}")
        secret = await self.document("disable-secret-protection", secret_id=secret_id)
        check(secret["protected"] is False, f"it is not protected: {secret}")
        deleted = await self.call("delete-secret", secret_id=secret_id)
        check(not deleted.is_error, f"it is deleted, not: {deleted.content}")
        check(deleted.structured_content is None, f"nothing is answered: {deleted.structured_content}")

    async def errors(self):
        sent = self.relay.sent if self.relay else 0
        refused = await self.call("get-metadata-using-secret-s-id", secret_id="..")
        check(refused.is_error, "the argument is refused")
        error = error_of(refused)
        check([each["argument"] for each in error["arguments"]] == ["secret_id"], f"which one is named: {error}")
        check("status" not in error and "requestId" not in error, f"no upstream answered: {error}")
        if self.relay:
            check(self.relay.sent == sent > 0, f"nothing is sent to the upstream, not {self.relay.sent - sent} bytes")
        try:
            await self.client.call_tool("no-such-tool", {})
        except MCPError as error:
            check(error.code == -32602, f"the code is that of invalid parameters, not {error.code}")
        else:
            check(False, "an unknown tool is an error of the protocol")

    async def confirmation(self):
        """A secret that goes only when the user agrees, as far as this connection can ask."""
        check(self.asked == (2 if self.asks else 0), f"each destructive call so far was asked about, not {self.asked}")
        if not self.asks:
            return
        body = {"project_id": PROJECT_ID, "name": f"{self.secret['name']}-kept"}
        secret_id = (await self.document("create-secret", body=body))["id"]
        yes = self.answer
        for answer in (ElicitResult(action="decline"), ElicitResult(action="accept", content={"ok": False})):
            self.answer = answer
            kept = await self.call("delete-secret", secret_id=secret_id)
            check(kept.is_error, f"the user did not agree: {kept.content}")
            await self.document("get-metadata-using-secret-s-id", secret_id=secret_id)
        self.answer = yes
        deleted = await self.call("delete-secret", secret_id=secret_id)
        check(not deleted.is_error, f"it is deleted, not: {deleted.content}")
        check(self.asked == 5, f"the user is asked each time, not {self.asked} times")

    async def progress(self):
        """A call that reports progress, on the server of the fixture."""
        reported = []

        async def report(progress, *_):
            reported.append(progress)

        result = await self.client.call_tool("wait", {"milliseconds": 1300}, progress_callback=report)
        check(not result.is_error, f"it is answered, not: {result.content}")
        check(reported and reported == sorted(set(reported)), f"there is progress, which goes on: {reported}")

    async def cancellation(self):
        """A call that is given up, on the server of the fixture; the next one is answered all the same."""
        try:
            await self.client.call_tool("wait", {"milliseconds": 5000}, read_timeout_seconds=0.3)
        except MCPError as error:
            check("timed out" in str(error).lower(), f"it takes too long, not: {error}")
        else:
            check(False, "the call takes too long")
        result = await self.client.call_tool("test_simple_text", {})
        check(result.content[0].text == "This is a simple text response for testing.", f"a text: {result.content}")


def check(truth, expectation):
    if not truth:
        raise AssertionError(f"expected: {expectation}")


def reason(error):
    """The message of an error; groups of errors are opened."""
    while isinstance(inner := getattr(error, "exceptions", [None])[0], BaseException):
        error = inner
    return f"{type(error).__name__}: {error}"


async def attempt(server, label, era, groups, asks, relay=None):
    """Connects to a server, and runs groups of calls."""
    searches = "searching" in groups
    revision, group = "-", "connect"
    try:
        with anyio.fail_after(TIMEOUT):
            run = Run(label, asks, relay, searches)
            mode = "legacy" if era == "legacy" else "auto"
            async with Client(server, mode=mode, elicitation_callback=run.ask) as run.client:
                revision = run.client.protocol_version
                check(revision == REVISIONS[era], f"the revision is {REVISIONS[era]}, not {revision}")
                for group in groups:
                    await getattr(run, group)()
                    print(f"{label}: {group} ok", flush=True)
    except Exception as error:
        print(f"{label}: {group} FAILED: {reason(error)}", flush=True)
        return revision, f"FAILED in {group}"
    return revision, "ok"


async def main(group, search, fixture):
    rows = []
    async with Relay(group["environment"]["NAFTIKO_BASE_URI"]) as relay:
        environment = {**group["environment"], "NAFTIKO_BASE_URI": relay.uri}
        calls = ("life", "versions", "protection", "errors", "confirmation")
        subjects = (
            (group, environment, ("listing", *calls)),
            (search, search["environment"], ("searching", *calls)),
            (fixture, fixture["environment"], ("progress", "cancellation")),
        )
        for transport in ("http", "stdio"):
            for era in REVISIONS:
                start = time.monotonic()
                attempts = []
                for subject, env, groups in subjects:
                    program, *arguments = subject["command"]
                    stdio = StdioServerParameters(command=program, args=arguments, env=env)
                    server = subject["url"] if transport == "http" else stdio
                    counter = relay if transport == "stdio" and subject is group else None
                    # Without sessions, an old client cannot be asked over HTTP.
                    asks = era == "modern" or transport == "stdio"
                    attempts.append(attempt(server, f"{transport} {era}", era, groups, asks, counter))
                # Together, because that of the fixture mostly waits.
                outcomes = await asyncio.gather(*attempts)
                worst = next((outcome for outcome in outcomes if outcome[1] != "ok"), outcomes[0])
                rows.append((transport, era, *worst, time.monotonic() - start))
    for transport, era, revision, result, seconds in rows:
        print(f"{'python':<11} {transport:<9} {era:<7} {revision:<11} {seconds:5.2f} s  {result}")
    return 0 if all(row[3] == "ok" for row in rows) else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(asyncio.run(main(**json.loads(sys.argv[1]))))
