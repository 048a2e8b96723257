// Talks to generated servers with the official TypeScript client of MCP. The argument is that of `calls.mjs`.

import { Client, ProtocolError, SdkError, SdkErrorCode, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { talk } from "./calls.mjs";

const library = {
  name: "typescript",
  eras: ["legacy", "modern"],
  client: (era) =>
    new Client(
      { name: "naftiko-interop", version: "1.0.0" },
      { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode: era === "legacy" ? "legacy" : "auto" } },
    ),
  http: (url) => new StreamableHTTPClientTransport(url),
  stdio: (command) => new StdioClientTransport(command),
  revision: (client) => client.getNegotiatedProtocolVersion(),
  onQuestion: (client, answer) => client.setRequestHandler("elicitation/create", answer),
  call: (client, parameters, options) => client.callTool(parameters, options),
  isProtocolError: (error) => error instanceof ProtocolError,
  isTimeout: (error) => error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout,
};

process.exitCode = (await talk(library, JSON.parse(process.argv[2]))) ? 0 : 1;
