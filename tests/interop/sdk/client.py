"""Talks to a generated REST adapter with Scaleway's SDK for Python.

Usage: client.py ERRORS

The environment points the SDK at the adapter, as it would point it at the API: SCW_API_URL and so on. NAFTIKO_BASE_URI
is the adapter's upstream, where SCALEWAY_API_KEY is accepted. The argument is errors.json: which secret makes the
upstream fail, and how. The exit status is 0 only when everything is as expected.
"""

import base64
import datetime
import json
import os
import sys
import uuid

from scaleway import Client, ScalewayException
from scaleway.secret.v1beta1 import ListSecretsRequestOrderBy, Product, SecretType, SecretV1Beta1API
from scaleway_core.api import ValidationError

ABSENT = "7e57ab1e-0000-4000-8000-00000000dead"
OTHER_PROJECT = "7e57ab1e-0000-4000-8000-0000000000cc"


class Operations:
    """Each of them uses one operation, on the secret that the first of them creates."""

    def __init__(self, api, upstream):
        self.api, self.upstream = api, upstream
        self.name = f"python-{uuid.uuid4()}"
        self.secret = self.id = None

    def create(self):
        tags = ["one", "two"]
        self.secret = self.api.create_secret(
            name=self.name, tags=tags, description="déjà vu", path="/sdk/", protected=False
        )
        self.id = self.secret.id
        equal((self.secret.name, self.secret.tags, self.secret.description), (self.name, tags, "déjà vu"))
        project = self.api.client.default_project_id
        equal((self.secret.path, self.secret.status, self.secret.project_id), ("/sdk", "ready", project))
        equal(type(self.secret.created_at), datetime.datetime)

    def get(self):
        equal(self.api.get_secret(secret_id=self.id), self.secret)

    def update(self):
        tags = ["two", "three"]
        self.secret = self.api.update_secret(secret_id=self.id, tags=tags, description="")
        equal((self.secret.name, self.secret.tags, self.secret.description), (self.name, tags, ""))

    def list(self):
        listed = self.api.list_secrets(
            name=self.name,
            tags=["two", "three"],
            path="/sdk",
            type_=SecretType.OPAQUE,
            ephemeral=False,
            scheduled_for_deletion=False,
        )
        equal((listed.secrets, listed.total_count), ([self.secret], 1))

    def add_owner(self):
        equal(self.api.add_secret_owner(secret_id=self.id, product=Product.EDGE_SERVICES), None)
        equal(self.api.get_secret(secret_id=self.id).used_by, [Product.EDGE_SERVICES])

    def protect(self):
        equal(self.api.protect_secret(secret_id=self.id).protected, True)
        body = {"type": "precondition_failed", "precondition": "protected_resource"}
        Errors.fails({"status": 412, "body": body}, lambda: self.api.delete_secret(secret_id=self.id))

    def unprotect(self):
        equal(self.api.unprotect_secret(secret_id=self.id).protected, False)

    def restore_version(self):
        # Versions are made and deleted by another capability.
        self.upstream.create_secret_version(secret_id=self.id, data=base64.b64encode(b"value").decode())
        self.upstream.delete_secret_version(secret_id=self.id, revision="1")
        version = self.api.restore_secret_version(secret_id=self.id, revision="1")
        equal((version.revision, version.status, version.secret_id), (1, "enabled", self.id))

    def delete(self):
        equal(self.api.delete_secret(secret_id=self.id), None)
        equal(type(self.api.get_secret(secret_id=self.id).deletion_requested_at), datetime.datetime)

    def restore(self):
        restored = self.api.restore_secret(secret_id=self.id)
        equal((restored.name, restored.deletion_requested_at), (self.name, None))
        self.api.delete_secret(secret_id=self.id)


def pages(api):
    """Lists some secrets by pages, all of them or one page."""
    tags = [f"python-{uuid.uuid4()}"]
    names = [f"{tags[0]}-{letter}" for letter in "abcde"]
    made = [api.create_secret(name=name, tags=tags, protected=False) for name in names]
    wanted = {"tags": tags, "scheduled_for_deletion": False, "page_size": 2}
    listed = api.list_secrets_all(**wanted, order_by=ListSecretsRequestOrderBy.NAME_DESC)
    equal([secret.name for secret in listed], names[::-1])
    page = api.list_secrets(**wanted, page=2)
    equal(([secret.name for secret in page.secrets], page.total_count), (names[2:4], 5))
    for secret in made:
        api.delete_secret(secret_id=secret.id)


class Errors:
    """Errors of the upstream's own, and those that it is made to respond with."""

    seen = 0

    @classmethod
    def fails(cls, expected, call):
        """Makes a call that has to fail with this status, and a body that holds this one.

        The SDK has a class of its own for one type only."""
        try:
            call()
        except ScalewayException as error:
            status = expected.get("received", expected["status"])
            equal(error.status_code, status)
            if status == expected["status"]:
                body = error.response.json()
                holds(body, expected["body"], "the body")
                is_validation = body["message"] == "Validation Error"
                equal(type(error), ValidationError if is_validation else ScalewayException)
                if is_validation:
                    equal(error.errors, body["fields"])
            cls.seen += 1
        else:
            raise AssertionError("the call succeeds")

    @classmethod
    def check(cls, api, scripted):
        denied = {"type": "permissions_denied", "details": [{"action": "list", "resource": "secret"}]}
        cls.fails(
            {"status": 403, "body": denied},
            lambda: api.list_secrets(project_id=OTHER_PROJECT, scheduled_for_deletion=False),
        )
        invalid = {"type": "invalid_arguments", "details": [{"argument_name": "name", "reason": "format"}]}
        cls.fails({"status": 400, "body": invalid}, lambda: api.create_secret(name="not a name", protected=False))
        absent = {"type": "not_found", "resource": "secret", "resource_id": ABSENT}
        cls.fails({"status": 404, "body": absent}, lambda: api.get_secret(secret_id=ABSENT))
        for error in scripted:
            for call in (api.get_secret, api.protect_secret, api.delete_secret):
                cls.fails(error, lambda: call(secret_id=error["secret_id"]))


def equal(actual, expected):
    if actual != expected:
        raise AssertionError(f"{actual!r} is not {expected!r}")


def holds(whole, part, what):
    """Checks that a value of JSON has all members of another one."""
    if isinstance(part, dict) and isinstance(whole, dict):
        for name, value in part.items():
            holds(whole.get(name), value, f"{what}.{name}")
    elif isinstance(part, list) and isinstance(whole, list) and len(part) == len(whole):
        for number, value in enumerate(part):
            holds(whole[number], value, f"{what}[{number}]")
    elif whole != part:
        raise AssertionError(f"{what} is {whole!r}, not {part!r}")


def main(file):
    api = SecretV1Beta1API(Client.from_env())
    upstream = Client.from_env()
    upstream.api_url, upstream.secret_key = os.environ["NAFTIKO_BASE_URI"], os.environ["SCALEWAY_API_KEY"]
    with open(file, encoding="utf-8") as text:
        scripted = json.load(text)
    operations = Operations(api, SecretV1Beta1API(upstream))
    groups = {name: getattr(operations, name) for name in vars(Operations) if not name.startswith("_")}
    count = len(groups)
    groups |= {"pages": lambda: pages(api), "errors": lambda: Errors.check(api, scripted)}
    success = True
    for name, group in groups.items():
        try:
            group()
        except Exception as error:
            print(f"{name} FAILED: {type(error).__name__}: {error}", flush=True)
            success = False
    print(f"{count} operations, all pages, {Errors.seen} errors")
    return 0 if success else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
