"""Calls tools with the official Python client of MCP, over everything that their upstream may respond with.

Usage: drift.py CAPABILITIES

The argument is [{"shape": {"url": MCP_URL, "environment": {...}}, "full": {...}}, ...]: a server of each capability for
each kind of output schema, in front of `naftiko-interop drift`. The client checks structured content against the schema
that it has listed. With shapes it has to take every result; with full schemas, those that the schema allows, and no
others. What it takes has the values of the upstream.
"""

import asyncio
import json
import sys
from urllib.request import Request, urlopen

from mcp import Client

MODES = {"legacy": "legacy", "modern": "auto"}
# Names of members whose values are masked if they are no objects, unless they are revealed.
SECRETS = ("data", "result", "secrets")


def send(method, server, path, document):
    url = server["environment"]["NAFTIKO_BASE_URI"] + path
    request = Request(url, json.dumps(document).encode(), {"content-type": "application/json"}, method=method)
    with urlopen(request) as response:
        return json.loads(response.read() or "null")


def masked(sent, got, is_secret):
    """A document with the masks that another one has at values of secrets."""
    if isinstance(sent, dict):
        return {name: masked(sent[name], got[name], name in SECRETS) for name in sent}
    if isinstance(sent, list):
        return [masked(*pair, is_secret) for pair in zip(sent, got, strict=True)]
    return got if is_secret and sent is not None and got == "***" else sent


async def call(client, case, response, kind):
    """Whether the client takes the result. It is an error if that, or the result, is not as it should be."""
    must = kind == "shape" or response.get("fits", True)
    try:
        result = await client.call_tool(case["tool"], case["arguments"])
    except RuntimeError as error:
        if must or "structured content" not in str(error):
            raise
        return False
    assert must, "it is taken although the schema does not allow it"
    texts = [block.text for block in result.content if block.type == "text"]
    if "expected" not in response:
        assert result.is_error and result.structured_content is None, f"it is an error: {result}"
        assert json.loads(texts[1])["error"]["status"] == response["status"], f"it has its status: {texts}"
        return True
    assert not result.is_error, f"it is a success: {texts}"
    for sent, got in ((response["expected"], result.structured_content), (response["body"], json.loads(texts[0]))):
        expected = masked(sent, got, case["tool"].startswith("access-")) if kind == "shape" else sent
        # Unlike documents, texts of JSON tell 1 from true.
        assert json.dumps(got, sort_keys=True) == json.dumps(expected, sort_keys=True), f"they are {expected}, not {got}"
    return True


async def listed(server):
    async with Client(server["url"]) as client:
        tools = (await client.list_tools()).tools
    return [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]


async def main(capabilities):
    taken, rejected, failed = 0, 0, 0
    for servers in capabilities:
        cases = send("POST", servers["full"], "/drift/cases", await listed(servers["full"]))
        for kind, server in servers.items():
            for era, mode in MODES.items():
                async with Client(server["url"], mode=mode) as client:
                    tools = (await client.list_tools()).tools
                    assert [tool.name for tool in tools if tool.output_schema] == [case["tool"] for case in cases]
                    for case, response in ((case, response) for case in cases for response in case["responses"]):
                        send("PUT", server, "/drift/response", response)
                        try:
                            is_taken = await call(client, case, response, kind)
                            taken, rejected = taken + is_taken, rejected + (not is_taken)
                        except Exception as error:
                            failed += 1
                            print(f"{era} {kind} {case['tool']}: {json.dumps(response)}: {error!r}")
    right = taken + rejected
    print(f"{right} of {right + failed} results are as promised: {taken} taken, {rejected} rejected by a full schema")
    return 0 if failed == 0 and min(taken, rejected) > 0 else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(asyncio.run(main(json.loads(sys.argv[1]))))
