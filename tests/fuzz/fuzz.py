"""Sends what the API document allows, and what it does not, to a running service, as every role.

    fuzz.py URL CASES SEED

Every answer must be one that the document describes: its status, its content type, its headers, its
schema. The last line says how many cases were sent; the exit status is 1 when an answer surprised.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.request

HERE = pathlib.Path(__file__).parent
ROLES = ["admin", "operator", "auditor", "member", "service", None]
CHECKS = ",".join(
    [
        "only_documented_5xx",
        "problems_are_problems",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "response_headers_conformance",
    ]
)
# It would end the sessions of the others, or lock the fuzzer out of the role it plays.
LEFT_OUT = ["/auth/logout", "/auth/refresh", "/auth/password", "/auth/me"]


def token(url, role):
    body = json.dumps({"email": f"{role}@example.com", "password": "ledger-demo"}).encode()
    request = urllib.request.Request(f"{url}/auth/login", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["accessToken"]


def command(url, role, cases_an_operation, seed, phases):
    program = str(pathlib.Path(sys.executable).parent / "schemathesis")
    arguments = [program, "run", f"{url}/openapi.json", "--checks", CHECKS, "--phases", phases]
    arguments += ["-n", str(cases_an_operation), "--seed", str(seed), "--mode", "all", "--continue-on-failure"]
    # one worker: Python before 3.11.8 loses count of its recursion when two threads parse at once
    arguments += ["--workers", "1", "--generation-database", "none", "--no-color"]
    arguments += ["--suppress-health-check", "all"]
    for path in LEFT_OUT:
        arguments += ["--exclude-path", path]
    if role:
        arguments += ["--header", f"Authorization: Bearer {token(url, role)}"]
    return arguments


def main():
    url, cases, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with urllib.request.urlopen(f"{url}/openapi.json") as answer:
        paths = json.load(answer)["paths"]
    operations = sum(len(item) for path, item in paths.items() if path not in LEFT_OUT)
    # the boundaries of every field are many cases of their own
    phases = "examples,coverage,fuzzing" if cases >= 5_000 else "examples,fuzzing"
    an_operation = max(1, cases // (operations * len(ROLES)))
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
    sent, surprised = 0, []
    for role in ROLES:
        run = subprocess.run(
            command(url, role, an_operation, seed, phases), capture_output=True, text=True, env=environment, cwd=HERE, check=False
        )
        counted = re.search(r"(\d+) generated", run.stdout)
        sent += int(counted[1]) if counted else 0
        print(f"as {role or 'nobody'}: {counted[1] if counted else 'no'} cases", flush=True)
        if run.returncode != 0 or not counted:
            surprised.append(role or "nobody")
            print(run.stdout[-20_000:], run.stderr[-5_000:], flush=True)
    print(f"fuzz: {sent} cases to {operations} operations as {len(ROLES)} callers, seed {seed}: ", end="")
    print("surprised as " + ", ".join(surprised) if surprised else "no surprise")
    sys.exit(1 if surprised else 0)


main()
