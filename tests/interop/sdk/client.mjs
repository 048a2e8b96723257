// Talks to the REST port of a group of generated capabilities with Scaleway's SDK for JavaScript.
//
// Usage: client.mjs ERRORS
//
// The environment points the SDK at the port, as it would point it at the API: SCW_API_URL and so on. The argument is
// errors.json: which secret makes the upstream fail, and how. The exit status is 0 only when everything is as expected.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { loadProfileFromEnvironmentValues } from "@scaleway/configuration-loader";
import { createClient } from "@scaleway/sdk-client";
import { Secretv1beta1 } from "@scaleway/sdk-secret";

// What the SDK throws for each type; for others, it throws its general error.
const CLASSES = {
  already_exists: "AlreadyExistsError",
  denied_authentication: "DeniedAuthenticationError",
  expired: "ResourceExpiredError",
  invalid_arguments: "InvalidArgumentsError",
  invalid_request_error: "InvalidArgumentsError",
  locked: "ResourceLockedError",
  not_found: "ResourceNotFoundError",
  out_of_stock: "OutOfStockError",
  permissions_denied: "PermissionsDeniedError",
  precondition_failed: "PreconditionFailedError",
  quotas_exceeded: "QuotasExceededError",
  too_many_requests: "TooManyRequestsError",
  transient_state: "TransientStateError",
  unknown_resource: "ResourceNotFoundError",
};
const ABSENT = "7e57ab1e-0000-4000-8000-00000000dead";
const OTHER_PROJECT = "7e57ab1e-0000-4000-8000-0000000000cc";
const DATA = Buffer.from("value").toString("base64");
// Its CRC-32.
const CHECKSUM = 494360628;
// The versions that a secret may have.
const QUOTA = 20;

const profile = loadProfileFromEnvironmentValues();
const api = new Secretv1beta1.API(createClient(profile));
const name = `javascript-${randomUUID()}`;
let secret, secretId, version;

// Each of them uses one operation, on the secret that the first of them creates.
const OPERATIONS = {
  async create() {
    secret = await api.createSecret({ name, tags: ["one", "two"], description: "déjà vu", path: "/sdk/", protected: false });
    secretId = secret.id;
    assert.deepEqual([secret.name, secret.tags, secret.description], [name, ["one", "two"], "déjà vu"]);
    assert.deepEqual([secret.path, secret.status, secret.projectId], ["/sdk", "ready", profile.defaultProjectId]);
    assert(secret.createdAt instanceof Date);
  },
  async get() {
    assert.deepEqual(await api.getSecret({ secretId }), secret);
  },
  async update() {
    secret = await api.updateSecret({ secretId, tags: ["two", "three"], description: "" });
    assert.deepEqual([secret.name, secret.tags, secret.description], [name, ["two", "three"], ""]);
  },
  async list() {
    const filter = { projectId: profile.defaultProjectId, name, tags: ["two", "three"], path: "/sdk", type: "opaque" };
    const { secrets, totalCount } = await api.listSecrets({ ...filter, ephemeral: false, scheduledForDeletion: false });
    assert.deepEqual([secrets, totalCount], [[secret], 1]);
  },
  async addOwner() {
    assert.equal(await api.addSecretOwner({ secretId, product: "edge_services" }), undefined);
    assert.deepEqual((await api.getSecret({ secretId })).usedBy, ["edge_services"]);
  },
  async protect() {
    assert.equal((await api.protectSecret({ secretId })).protected, true);
    const body = { type: "precondition_failed", precondition: "protected_resource" };
    await fails({ status: 412, body }, () => api.deleteSecret({ secretId }));
  },
  async unprotect() {
    assert.equal((await api.unprotectSecret({ secretId })).protected, false);
  },
  async createVersion() {
    await api.createSecretVersion({ secretId, data: DATA });
    const request = { secretId, data: DATA, dataCrc32: CHECKSUM, description: "second", disablePrevious: true };
    version = await api.createSecretVersion(request);
    assert.deepEqual([version.revision, version.status, version.latest], [2, "enabled", true]);
    assert.deepEqual([version.description, version.secretId], ["second", secretId]);
  },
  async getVersion() {
    assert.equal((await api.getSecretVersion({ secretId, revision: "1" })).status, "disabled");
    assert.deepEqual(await api.getSecretVersion({ secretId, revision: "latest" }), version);
  },
  async updateVersion() {
    version = await api.updateSecretVersion({ secretId, revision: "2", description: "déjà vu" });
    assert.deepEqual([version.revision, version.description], [2, "déjà vu"]);
  },
  async listVersions() {
    const { versions, totalCount } = await api.listSecretVersions({ secretId, status: ["enabled"] });
    assert.deepEqual([versions, totalCount], [[version], 1]);
    const all = await api.listSecretVersions({ secretId, pageSize: 1 }).all();
    assert.deepEqual([all.map(({ revision }) => revision), all[0]], [[2, 1], version]);
  },
  async accessVersion() {
    assert.deepEqual(await api.accessSecretVersion({ secretId, revision: "latest_enabled" }), value());
  },
  async accessVersionByPath() {
    const found = await api.accessSecretVersionByPath({ secretPath: "/sdk", secretName: name, revision: "2" });
    assert.deepEqual(found, value());
  },
  async disableVersion() {
    assert.equal((await api.disableSecretVersion({ secretId, revision: "2" })).status, "disabled");
    const body = { type: "precondition_failed", precondition: "resource_not_usable" };
    await fails({ status: 412, body }, () => api.accessSecretVersion({ secretId, revision: "2" }));
  },
  async enableVersion() {
    assert.equal((await api.enableSecretVersion({ secretId, revision: "2" })).status, "enabled");
  },
  async deleteVersion() {
    assert.equal(await api.deleteSecretVersion({ secretId, revision: "2" }), undefined);
    assert.equal((await api.getSecretVersion({ secretId, revision: "2" })).status, "scheduled_for_deletion");
  },
  async restoreVersion() {
    const version = await api.restoreSecretVersion({ secretId, revision: "2" });
    assert.deepEqual([version.revision, version.status, version.secretId], [2, "enabled", secretId]);
  },
  async delete() {
    assert.equal(await api.deleteSecret({ secretId }), undefined);
    assert((await api.getSecret({ secretId })).deletionRequestedAt instanceof Date);
  },
  async restore() {
    const restored = await api.restoreSecret({ secretId });
    assert.deepEqual([restored.name, restored.deletionRequestedAt], [name, undefined]);
    await api.deleteSecret({ secretId });
  },
};

/** What the second version holds. */
function value() {
  return { secretId, revision: 2, data: DATA, dataCrc32: CHECKSUM, type: "opaque" };
}

/** Lists some secrets by pages, all of them or one page. */
async function pages() {
  const tags = [name];
  const names = ["a", "b", "c", "d", "e"].map((letter) => `${name}-${letter}`);
  const made = await Promise.all(names.map((name) => api.createSecret({ name, tags, protected: false })));
  const filter = { projectId: profile.defaultProjectId, tags, scheduledForDeletion: false, pageSize: 2 };
  const all = await api.listSecrets({ ...filter, orderBy: "name_desc" }).all();
  assert.deepEqual(all.map((secret) => secret.name), names.toReversed());
  const page = await api.listSecrets({ ...filter, page: 2 });
  assert.deepEqual([page.secrets.map((secret) => secret.name), page.totalCount], [names.slice(2, 4), 5]);
  await Promise.all(made.map(({ id }) => api.deleteSecret({ secretId: id })));
}

let failures = 0;

/** Makes a call that has to fail with this status, a body that holds this one, and the SDK's error for its type. */
async function fails({ status, received = status, body, typed }, call) {
  const error = await call().then(() => assert.fail("the call succeeds"), (error) => error);
  assert.equal(error.status, received, String(error));
  if (received === status) {
    assert.equal(error.name, CLASSES[body.type] ?? "ScalewayError", String(error));
    holds(error.body, body, "the body");
    holds(typed ?? error.body, read(error), "the error");
  }
  failures += 1;
}

/** What the SDK read from the body, as it is in JSON. */
function read({ name, status, body, message, rawMessage, list, ...members }) {
  // Lists that the body calls details; the scope of a quota is two members of the body in one.
  return snake(list ? { ...members, details: list.map(({ scope, ...detail }) => detail) } : members);
}

function snake(value) {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(snake);
  if (typeof value !== "object") return value;
  const change = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(value).map(([name, value]) => [change(name), snake(value)]));
}

/** Checks that a value of JSON has all members of another one. */
function holds(whole, part, what) {
  if (typeof part !== "object") return assert.equal(whole, part, `${what} is ${whole}, not ${part}`);
  for (const [name, value] of Object.entries(part)) holds(whole?.[name], value, `${what}.${name}`);
}

/** Errors of the upstream's own, and those that it is made to respond with. */
async function errors(scripted) {
  const denied = { type: "permissions_denied", details: [{ action: "list", resource: "secret" }] };
  await fails({ status: 403, body: denied }, () =>
    api.listSecrets({ projectId: OTHER_PROJECT, scheduledForDeletion: false }));
  const invalid = { type: "invalid_arguments", details: [{ argument_name: "name", reason: "format" }] };
  await fails({ status: 400, body: invalid }, () => api.createSecret({ name: "not a name", protected: false }));
  const absent = { type: "not_found", resource: "secret", resource_id: ABSENT };
  await fails({ status: 404, body: absent }, () => api.getSecret({ secretId: ABSENT }));
  await errorsOfVersions();
  for (const error of scripted) {
    const secretId = error.secret_id;
    for (const call of [api.getSecret, api.protectSecret, api.deleteSecret]) await fails(error, () => call({ secretId }));
    await fails(error, () => api.createSecretVersion({ secretId, data: DATA }));
    await fails(error, () => api.accessSecretVersion({ secretId, revision: "latest" }));
  }
}

/** Errors about versions, of the upstream's own: a name that is taken, too many of them, and none. */
async function errorsOfVersions() {
  const secret = { name: `${name}-full`, protected: false };
  const { id: secretId } = await api.createSecret(secret);
  const taken = { type: "invalid_arguments", details: [{ argument_name: "name", reason: "format" }] };
  await fails({ status: 400, body: taken }, () => api.createSecret(secret));
  const create = (more) => api.createSecretVersion({ secretId, data: DATA, ...more });
  for (let count = 0; count < QUOTA; count += 1) await create();
  const full = { type: "quotas_exceeded", details: [{ resource: "secret_version", quota: QUOTA }] };
  await fails({ status: 403, body: full }, create);
  const wrong = { type: "invalid_arguments", details: [{ argument_name: "data_crc32", reason: "constraint" }] };
  await fails({ status: 400, body: wrong }, () => create({ dataCrc32: CHECKSUM + 1 }));
  const missing = { type: "not_found", resource: "secret_version", resource_id: "99" };
  await fails({ status: 404, body: missing }, () => api.getSecretVersion({ secretId, revision: "99" }));
  await api.deleteSecret({ secretId });
}

const scripted = JSON.parse(await readFile(process.argv[2]));
for (const [name, group] of Object.entries({ ...OPERATIONS, pages, errors })) {
  try {
    await group(scripted);
  } catch (error) {
    console.log(`${name} FAILED: ${error.message}`);
    process.exitCode = 1;
  }
}
console.log(`${Object.keys(OPERATIONS).length} operations, all pages, ${failures} errors`);
