"""Talks to the REST port of a group of generated capabilities with Scaleway's SDK for Python.

Usage: client.py ERRORS

The environment points the SDK at the port, as it would point it at the API: SCW_API_URL and so on. The argument is
errors.json: which secret makes the upstream fail, and how. The exit status is 0 only when everything is as expected.
"""

import base64
import datetime
import json
import sys
import uuid
import zlib

from scaleway import Client, ScalewayException
from scaleway.secret.v1beta1 import ListSecretsRequestOrderBy, Product, SecretType, SecretV1Beta1API
from scaleway.secret.v1beta1 import SecretVersionStatus
from scaleway_core.api import ValidationError

ABSENT = "7e57ab1e-0000-4000-8000-00000000dead"
OTHER_PROJECT = "7e57ab1e-0000-4000-8000-0000000000cc"
DATA = base64.b64encode(b"value").decode()
CHECKSUM = zlib.crc32(b"value")
# The versions that a secret may have.
QUOTA = 20


class Operations:
    """Each of them uses one operation, on the secret that the first of them creates."""

    def __init__(self, api):
        self.api = api
        self.name = f"python-{uuid.uuid4()}"
        self.secret = self.id = self.version = None

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

    def create_version(self):
        self.api.create_secret_version(secret_id=self.id, data=DATA)
        self.version = version = self.api.create_secret_version(
            secret_id=self.id, data=DATA, data_crc32=CHECKSUM, description="second", disable_previous=True
        )
        equal((version.revision, version.status, version.latest), (2, "enabled", True))
        equal((version.description, version.secret_id), ("second", self.id))

    def get_version(self):
        equal(self.api.get_secret_version(secret_id=self.id, revision="1").status, "disabled")
        equal(self.api.get_secret_version(secret_id=self.id, revision="latest"), self.version)

    def update_version(self):
        self.version = self.api.update_secret_version(secret_id=self.id, revision="2", description="déjà vu")
        equal((self.version.revision, self.version.description), (2, "déjà vu"))

    def list_versions(self):
        enabled = self.api.list_secret_versions(secret_id=self.id, status=[SecretVersionStatus.ENABLED])
        equal((enabled.versions, enabled.total_count), ([self.version], 1))
        every = self.api.list_secret_versions_all(secret_id=self.id, page_size=1)
        equal(([version.revision for version in every], every[0]), ([2, 1], self.version))

    def access_version(self):
        self._holds(self.api.access_secret_version(secret_id=self.id, revision="latest_enabled"))

    def access_version_by_path(self):
        found = self.api.access_secret_version_by_path(secret_path="/sdk", secret_name=self.name, revision="2")
        self._holds(found)

    def _holds(self, value):
        equal((value.secret_id, value.revision, value.data), (self.id, 2, DATA))
        equal((value.data_crc32, value.type_), (CHECKSUM, SecretType.OPAQUE))

    def disable_version(self):
        equal(self.api.disable_secret_version(secret_id=self.id, revision="2").status, "disabled")
        body = {"type": "precondition_failed", "precondition": "resource_not_usable"}
        access = lambda: self.api.access_secret_version(secret_id=self.id, revision="2")
        Errors.fails({"status": 412, "body": body}, access)

    def enable_version(self):
        equal(self.api.enable_secret_version(secret_id=self.id, revision="2").status, "enabled")

    def delete_version(self):
        equal(self.api.delete_secret_version(secret_id=self.id, revision="2"), None)
        status = self.api.get_secret_version(secret_id=self.id, revision="2").status
        equal(status, SecretVersionStatus.SCHEDULED_FOR_DELETION)

    def restore_version(self):
        version = self.api.restore_secret_version(secret_id=self.id, revision="2")
        equal((version.revision, version.status, version.secret_id), (2, "enabled", self.id))

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
        cls.check_versions(api)
        for error in scripted:
            secret_id = error["secret_id"]
            for call in (api.get_secret, api.protect_secret, api.delete_secret):
                cls.fails(error, lambda: call(secret_id=secret_id))
            cls.fails(error, lambda: api.create_secret_version(secret_id=secret_id, data=DATA))
            cls.fails(error, lambda: api.access_secret_version(secret_id=secret_id, revision="latest"))

    @classmethod
    def check_versions(cls, api):
        """Errors about versions, of the upstream's own: a name that is taken, too many of them, and none."""
        name = f"python-{uuid.uuid4()}"
        secret_id = api.create_secret(name=name, protected=False).id
        taken = {"type": "invalid_arguments", "details": [{"argument_name": "name", "reason": "format"}]}
        cls.fails({"status": 400, "body": taken}, lambda: api.create_secret(name=name, protected=False))
        create = lambda **more: api.create_secret_version(secret_id=secret_id, data=DATA, **more)
        for _ in range(QUOTA):
            create()
        full = {"type": "quotas_exceeded", "details": [{"resource": "secret_version", "quota": QUOTA}]}
        cls.fails({"status": 403, "body": full}, create)
        wrong = {"type": "invalid_arguments", "details": [{"argument_name": "data_crc32", "reason": "constraint"}]}
        cls.fails({"status": 400, "body": wrong}, lambda: create(data_crc32=CHECKSUM + 1))
        missing = {"type": "not_found", "resource": "secret_version", "resource_id": "99"}
        get = lambda: api.get_secret_version(secret_id=secret_id, revision="99")
        cls.fails({"status": 404, "body": missing}, get)
        api.delete_secret(secret_id=secret_id)


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
    with open(file, encoding="utf-8") as text:
        scripted = json.load(text)
    operations = Operations(api)
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
