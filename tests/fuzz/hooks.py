"""What the fuzzer must know of the service beyond its API document.

A 503 that the contract names is an answer like others; any other 5xx is a defect. Positions that the
log will not reach soon are asked for rarely, since each such request waits two seconds by contract.
"""

import json

import schemathesis

AWAITED = {"projection_behind"}


@schemathesis.serializer("application/x-ndjson")
def lines_of_json(ctx, value):
    """A text as it is; anything else as one line."""
    return (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "replace")


@schemathesis.check
def only_documented_5xx(ctx, response, case):
    """No 5xx but a documented 503."""
    if response.status_code < 500:
        return
    code = response.json().get("code") if response.content else None
    assert response.status_code == 503 and code in AWAITED, f"{response.status_code} {code}"


@schemathesis.check
def problems_are_problems(ctx, response, case):
    """Every refusal is a problem document that carries its status and the id of the request."""
    if response.status_code < 400:
        return
    media = response.headers.get("content-type", [""])[0]
    assert media == "application/problem+json", media
    body = response.json()
    assert body["status"] == response.status_code, body
    assert body["type"] == "/problems/" + body["code"], body
    assert response.headers["x-request-id"][0] in body["instance"], body


@schemathesis.hook
def before_call(ctx, case, kwargs):
    position = (case.headers or {}).get("Ledger-Min-Position")
    if position is not None and str(position).isdigit() and int(position) % 100 != 7:
        case.headers["Ledger-Min-Position"] = "1"
