"""Attacks on what a request may cost: memory, places, statements, rows. The numbers are those of the list of faults that
these attacks were first seen to cause."""

import json
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from harness import attack, expect

LARGEST_ANSWER = 64 * 1024


def keys_within_a_long_key(letters, keys):
    """An object whose only key is long and holds an object that repeats a short key."""
    inner = ",".join('"a":1' for _ in range(keys))
    return ('{"' + "k" * letters + '":{' + inner + "}}").encode()


@attack("A1", "one body with 4,000 errors below a long key")
def errors_below_a_long_key(services):
    service = services.demo
    before = service.memory_mib()
    answer = service.nobody().post("/auth/login", raw=keys_within_a_long_key(30_000, 4_000))
    grown = service.memory_mib() - before
    got = f"{answer}, {len(answer.body)} bytes, {len(answer.json['errors'])} errors, {grown} MiB more"
    return expect(
        answer.status == 400 and len(answer.body) <= LARGEST_ANSWER and len(answer.json["errors"]) <= 20 and grown < 64, got
    )


@attack("A1b", "a batch of 4 MiB, and every item is wrong")
def a_batch_of_errors(services):
    service = services.demo
    reporter = service.demo("service")
    before = service.memory_mib()
    wrong = {"x" * 3_000: 1, **{f"field-{number}": 1 for number in range(60)}}
    body = json.dumps({"activities": [wrong] * 1_000}).encode()[: 4 * 1024 * 1024]
    body = body if len(body) < 4 * 1024 * 1024 else json.dumps({"activities": [wrong] * 900}).encode()
    answer = reporter.post("/activities/batch", raw=body)
    long_key = reporter.post("/activities/batch", raw=keys_within_a_long_key(200_000, 400_000))
    grown = service.memory_mib() - before
    got = f"{answer} of {len(answer.body)} bytes; {long_key} of {len(long_key.body)} bytes; {grown} MiB more"
    small = max(len(long_key.body), len(answer.body)) <= LARGEST_ANSWER * 2
    return expect(long_key.status == 400 and small and grown < 256, got)


@attack("A2", "700 requests that show a token which is none")
def a_token_that_is_none(services):
    statuses = []
    for method, path, address in [("GET", "/problems/not_found", "127.0.0.3"), ("POST", "/auth/logout", "127.0.0.4")]:
        nobody = services.limited.nobody(address)
        ask = lambda _: nobody.ask(method, path, headers={"authorization": "x"}).status
        with ThreadPoolExecutor(8) as pool:
            answered = list(pool.map(ask, range(700)))
        statuses.append(answered.count(429))
    return expect(all(refused >= 50 for refused in statuses), f"{statuses[0]} and {statuses[1]} of 700 were refused")


@attack("A3", "4,200 connections that send a body byte by byte")
def slow_bodies(services):
    service = services.limited
    head = b"POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{"
    open_ones = []
    for number in range(4_200):
        connection = socket.socket()
        connection.bind((f"127.1.{number // 250}.{number % 250 + 1}", 0))  # many addresses, as a botnet has
        connection.settimeout(5)
        try:
            connection.connect(("127.0.0.1", service.port))
            connection.sendall(head)
            open_ones.append(connection)
        except OSError:
            connection.close()
    live = service.nobody("127.0.0.2").get("/problems/not_found")
    ended, began = 0, time.monotonic()
    while time.monotonic() - began < 40 and ended < len(open_ones):
        time.sleep(2)
        ended = 0
        for connection in open_ones:
            try:
                connection.send(b" ")
                connection.setblocking(False)
                if connection.recv(4096) is not None:
                    ended += 1
            except BlockingIOError:
                pass
            except OSError:
                ended += 1
    for connection in open_ones:
        connection.close()
    got = f"others get {live.status} meanwhile; {ended} of {len(open_ones)} were ended within 40 s"
    return expect(live.status == 200 and ended == len(open_ones), got)


@attack("A3b", "1,400 connections from one address")
def connections_of_one_address(services):
    service = services.limited
    open_ones, refused = [], 0
    for _ in range(1_400):
        connection = socket.socket()
        connection.bind(("127.0.0.5", 0))
        connection.settimeout(2)
        try:
            connection.connect(("127.0.0.1", service.port))
            connection.sendall(b"GET /problems HTTP/1.1\r\nhost: x\r\n")
            open_ones.append(connection)
        except OSError:
            refused += 1
    time.sleep(1)
    for connection in open_ones:
        connection.setblocking(False)
        try:
            connection.recv(4096)
            refused += 1
        except BlockingIOError:
            pass
        except OSError:
            refused += 1
        connection.close()
    return expect(refused >= 300, f"{refused} of 1,400 were turned away")


@attack("A4", "a fact with 16,000 measures")
def measures_without_end(services):
    reporter = services.demo.demo("service")
    member = services.demo.nobody().sign_up()
    fact = {
        "source": "shop",
        "id": str(uuid.uuid4()),
        "memberId": member.account,
        "kind": "purchase",
        "occurredAt": "2026-11-01T00:00:00Z",
        "measures": {f"m{number}": 1 for number in range(16_000)},
    }
    answer = reporter.post("/activities", fact)
    field = (answer.json.get("errors") or [{}])[0].get("field", "")
    fact["measures"] = {f"m{number}": 1 for number in range(50)}
    most = reporter.post("/activities", fact)
    got = f"{answer} for {field}; fifty are {most.status}"
    return expect(answer.status == 400 and field.startswith("measures") and most.status == 201, got)


@attack("A5", "3,000 made-up methods, and what /metrics grows by")
def made_up_methods(services):
    service = services.demo
    service.nobody().ask("FIRST", "/events")
    before = len(service.metrics())

    def ask(number):
        service.nobody().ask(f"X{number:05}", f"/{uuid.uuid4()}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(3_000)))
    grown = len(service.metrics()) - before
    return expect(grown < 16_384, f"{grown} bytes more")


@attack("A6", "fifty edits of a profile that change no fact")
def edits_that_change_no_fact(services):
    member = services.demo.nobody().sign_up()
    auditor = services.demo.demo("auditor")
    member.patch("/auth/profile", {"bio": "first"})

    def events():
        query = f"/audit/log?limit=1000&streamType=member&streamId={member.account}"
        return len(auditor.get(query).json["events"])

    before = events()
    statuses = {member.patch("/auth/profile", {"bio": f"line {number}"}).status for number in range(50)}
    grown = events() - before
    return expect(statuses == {200} and grown == 0, f"{sorted(statuses)}, {grown} events more")


@attack("A7", "250 expressions, against 250 leaves without any")
def many_expressions(services):
    operator = services.demo.demo("operator")
    expression = {"cel": {"expression": " + ".join(["count('login', 30)"] * 40) + " > 0"}}
    plain = {"count": {"kind": "login" + "x" * 1_000, "count": 1}}

    def took(leaf):
        began = time.monotonic()
        answer = operator.post("/conditions/check", {"condition": {"any": [leaf] * 250}})
        return answer, time.monotonic() - began

    took(plain)
    pairs = [(took(plain), took(expression)) for _ in range(5)]
    ratio = min(dear[1] for _, dear in pairs) / max(min(cheap[1] for cheap, _ in pairs), 0.001)
    answer = pairs[0][1][0]
    return expect(answer.status == 400 and ratio < 20, f"{answer}, {ratio:.1f} times the work")


@attack("A8", "300 verifications at once")
def verifications_at_once(services):
    service = services.demo
    auditor = service.demo("auditor")
    most = 0
    with ThreadPoolExecutor(60) as pool:
        asked = [pool.submit(auditor.post, "/audit/verification") for _ in range(300)]
        while not all(one.done() for one in asked):
            count = service.sql("select count(*) from pg_stat_activity where backend_type = 'client backend'")
            most = max(most, int(count) if count.isdigit() else most)
    statuses = sorted({one.result().status for one in asked})
    return expect(statuses == [202] and most < 80, f"{statuses}, {most} connections at most")
