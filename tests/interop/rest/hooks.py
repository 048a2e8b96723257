"""What Schemathesis cannot know from the document of a generated server: what its upstream, the simulator, wants."""

from copy import copy
from itertools import count

import schemathesis
from schemathesis.openapi.checks import UseAfterFree
from schemathesis.specs.openapi.checks import negative_data_rejection

PROJECT_ID = "7e57ab1e-0000-4000-8000-0000000000bb"  # The only project of the simulator's token.
ENOUGH = 8  # With few secrets, operations meet those that others have changed.
NUMBERS = count()
SECRETS, DELETED = [], []


def is_positive(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


def is_of_upstream(response):
    """API errors pass through, and the server's own errors are problems."""
    media_type = response.headers.get("content-type", [""])[0]
    return 400 <= response.status_code < 500 and media_type != "application/problem+json"


def operation(case):
    return case.operation.definition.raw["operationId"]


@schemathesis.hook
def before_call(context, case, kwargs):
    """The document has texts for identifiers, and any objects for bodies. Some of both become what there is."""
    number = next(NUMBERS)
    if not is_positive(case):
        return
    if isinstance(case.body, dict):
        if operation(case) == "create_secret":
            case.body = {**case.body, "project_id": PROJECT_ID, "name": f"made-{min(len(SECRETS), ENOUGH)}"}
            # An ephemeral secret is gone once it is deleted, and others are still there.
            case.body.pop("ephemeral_policy", None)
        elif operation(case) == "add_secret_owner":
            case.body = {**case.body, "product": "edge_services"}
    known = DELETED if operation(case) == "restore_secret" else SECRETS
    if known and number % 2 and case.path_parameters and "secret-id" in case.path_parameters:
        case.path_parameters["secret-id"] = known[number % len(known)]


@schemathesis.hook
def after_call(context, case, response):
    if case.method == "POST" and operation(case) == "create_secret" and response.status_code == 200:
        SECRETS.append(response.json()["id"])
    if case.method == "DELETE" and operation(case) == "delete_secret" and response.status_code == 204:
        DELETED.append(case.path_parameters["secret-id"])


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """The upstream shows a deleted secret for seven days more, and says in it that it is deleted."""
    return not (isinstance(failure, UseAfterFree) and response.json().get("deletion_requested_at"))


@schemathesis.check
def only_the_upstream_refuses_valid_requests(ctx, response, case):
    """The upstream knows more than the document. The server does not, so it refuses nothing that the document allows."""
    if is_positive(case) and 400 <= response.status_code < 500:
        assert is_of_upstream(response), "the server refused it by itself"


@schemathesis.check
def only_the_server_refuses_invalid_requests(ctx, response, case):
    """What the document forbids does not get as far as the upstream: where that refuses it, the server has accepted it."""
    if is_of_upstream(response):
        accepted = copy(response)
        accepted.status_code = 200
        negative_data_rejection(ctx, accepted, case)


@schemathesis.check
class every_operation_succeeds_at_times:
    """Without this, a run in which everything is refused would be a good one."""

    def __init__(self, but=()):
        self.called, self.succeeded, self.but = set(), set(), set(but)

    def after_response(self, ctx, response, case):
        if case.method != case.operation.method.upper():
            return  # Methods that a path does not have are tried too.
        self.called.add(operation(case))
        if 200 <= response.status_code < 300:
            self.succeeded.add(operation(case))

    def after_run(self, ctx):
        failed = self.called - self.succeeded
        assert failed == self.but, f"{sorted(failed)} never succeeded, and not just {sorted(self.but)}"
