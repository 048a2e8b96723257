"""Looks at what servers say of themselves with a security scanner, without any service beyond this machine.

Usage: scan.py SCANNER SERVERS, as client.py has them.
"""

import json
import os
import subprocess
import sys


def scan(scanner, url):
    """The verdicts about the tools of a server."""
    command = [scanner, "--analyzers", "yara,schema", "--format", "raw", "remote", "--server-url", url]
    # Else it asks for a list of prices of models.
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    if run.returncode != 0 or "{" not in run.stdout:
        raise SystemExit(f"the scanner ends with {run.returncode}: {run.stdout}{run.stderr}")
    return json.loads(run.stdout[run.stdout.index("{") :])["scan_results"]


def main(scanner, servers):
    count, unsafe = 0, []
    for name, server in json.loads(servers).items():
        for verdict in scan(scanner, server["url"]):
            count += 1
            if not (verdict["status"] == "completed" and verdict["is_safe"]):
                unsafe.append(f"{name}: {json.dumps(verdict)}")
    for each in unsafe:
        print(each)
    print(f"{count - len(unsafe)} of {count} tools are safe")
    return 1 if unsafe or count == 0 else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
