"""Uses the REST port of a group of generated capabilities with Scaleway's command line.

Usage: scw.py

SCW is where the program is. The other variables point it at the port, as they would point it at the API: SCW_API_URL and so on.
The exit status is 0 only when everything is as expected.
"""

import json
import os
import subprocess
import sys
import uuid

ABSENT = "7e57ab1e-0000-4000-8000-00000000dead"
count = 0


def scw(*arguments, raw=False):
    """Runs a command of `scw secret` that has to succeed; gives what it prints."""
    global count
    count += 1
    run = subprocess.run(command(arguments), env=environment(), capture_output=True, text=True)
    assert run.returncode == 0, f"{' '.join(arguments)}: {run.stdout}{run.stderr}"
    return run.stdout if raw else json.loads(run.stdout or "null")


def fails(part, *arguments):
    """Runs a command that has to fail, with a text that has this part."""
    global count
    count += 1
    run = subprocess.run(command(arguments), env=environment(), capture_output=True, text=True)
    said = run.stdout + run.stderr
    assert run.returncode != 0 and part in said, f"{' '.join(arguments)}: {part} is not in: {said}"


def command(arguments):
    return [os.environ["SCW"], "--output", "json", "secret", *arguments]


def environment():
    """No profile of this machine, and no questions to Scaleway about newer versions."""
    return {**os.environ, "SCW_CONFIG_PATH": "/nonexistent", "SCW_DISABLE_CHECK_VERSION": "true"}


def main():
    project, name = os.environ["SCW_DEFAULT_PROJECT_ID"], f"scw-{uuid.uuid4()}"
    secret = scw("secret", "create", f"name={name}", f"project-id={project}", "tags.0=one")
    secret_id = secret["id"]
    assert (secret["name"], secret["tags"]) == (name, ["one"]), secret
    assert scw("secret", "get", secret_id)["name"] == name
    assert scw("secret", "update", secret_id, "description=déjà vu")["description"] == "déjà vu"
    listed = scw("secret", "list", f"project-id={project}", f"name={name}")
    assert [each["id"] for each in listed] == [secret_id], listed
    version = scw("version", "create", secret_id, "data=value")
    assert (version["revision"], version["status"]) == (1, "enabled"), version
    assert scw("version", "access", secret_id, "revision=latest", "raw=true", raw=True) == "value"
    assert scw("version", "disable", secret_id, "revision=1")["status"] == "disabled"
    fails("disabled version", "version", "access", secret_id, "revision=1")
    assert scw("version", "enable", secret_id, "revision=1")["status"] == "enabled"
    assert [each["revision"] for each in scw("version", "list", secret_id)] == [1]
    scw("version", "delete", secret_id, "revision=1")
    fails(ABSENT, "secret", "get", ABSENT)
    fails("name", "secret", "create", "name=not a name", f"project-id={project}")
    scw("secret", "protect", secret_id)
    fails("protected", "secret", "delete", secret_id)
    scw("secret", "unprotect", secret_id)
    scw("secret", "delete", secret_id)
    print(f"{count} operations, as on the command line")


if __name__ == "__main__":
    main()
