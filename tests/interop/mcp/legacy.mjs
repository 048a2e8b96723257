// Talks to generated servers with the library that the official TypeScript client of MCP replaces, and that most programs
// still use. The argument is that of `calls.mjs`.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema, ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";
import { talk } from "./calls.mjs";

const library = {
  name: "sdk",
  eras: ["legacy"],
  client: () => new Client({ name: "naftiko-interop", version: "1.0.0" }, { capabilities: { elicitation: {} } }),
  http: (url) => new StreamableHTTPClientTransport(url),
  stdio: (command) => new StdioClientTransport(command),
  // Over stdio it does not say.
  revision: (_, transport) => transport.protocolVersion,
  onQuestion: (client, answer) => client.setRequestHandler(ElicitRequestSchema, answer),
  call: (client, parameters, options) => client.callTool(parameters, undefined, options),
  isProtocolError: (error) => error instanceof McpError,
  isTimeout: (error) => error instanceof McpError && error.code === ErrorCode.RequestTimeout,
};

process.exitCode = (await talk(library, JSON.parse(process.argv[2]))) ? 0 : 1;
