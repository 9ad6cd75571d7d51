"""Requests that got a wrong answer, or none."""

import base64
import gzip
import json
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor

from doors import LOGIN_ONCE, event_with_reward
from harness import attack, expect


@attack("C17", "a fact in a zone whose rules changed in 2026")
def a_zone_that_changed(services):
    reporter, auditor = services.demo.demo("service"), services.demo.demo("auditor")
    member = services.demo.nobody().sign_up(timeZone="America/Vancouver")
    reporter.post(
        "/activities",
        {
            "source": "shop",
            "id": str(uuid.uuid4()),
            "memberId": member.account,
            "kind": "purchase",
            "occurredAt": "2026-11-15T07:30:00Z",
        },
    )
    facts = auditor.get(f"/audit/members/{member.account}/facts").json["facts"]
    date = [fact["localDate"] for fact in facts if fact["kind"] == "purchase"]
    return expect(date == ["2026-11-15"], f"the local date {date}")


@attack("C18", "two names of one zone")
def two_names_of_one_zone(services):
    member = services.demo.nobody().sign_up(timeZone="Asia/Calcutta")
    same = member.patch("/auth/profile", {"timeZone": "Asia/Kolkata"})
    other = member.patch("/auth/profile", {"timeZone": "Asia/Seoul"})
    return expect(same.status == 200 and other.status == 200, f"{same}, then another zone {other}")


@attack("C20", "a pending claim of a member who is erased")
def a_pending_claim_of_nobody(services):
    operator = services.demo.demo("operator")
    event = operator.post(
        "/events",
        {
            "name": f"Attack {uuid.uuid4()}",
            "startDate": "2026-01-01",
            "endDate": "2036-01-01",
            "condition": LOGIN_ONCE,
            "approval": "manual",
        },
    ).json["id"]
    reward = operator.post("/rewards", {"eventId": event, "name": "Last one", "quantity": 1}).json["reward"]["id"]
    member = services.demo.nobody().sign_up()
    claim = member.post(f"/claims/{reward}/claim")
    erased = member.ask("DELETE", "/auth/me", {"password": member.password})
    position = erased.headers.get("ledger-position")
    stock = operator.get(f"/rewards/{reward}", headers={"ledger-min-position": position} if position else {})
    approved = operator.patch(f"/reward-requests/{claim.json['claim']['id']}", {"status": "APPROVED"})
    got = f"remaining {stock.json['reward']['remaining']}, held {stock.json['reward']['held']}; approving it is {approved}"
    return expect(stock.json["reward"]["remaining"] == 1 and approved.status == 409, got)


@attack("C21", "a whole request, then a half-closed connection")
def half_closed(services):
    body = b'{"email": "nobody@example.com", "password": "none-at-all"}'
    head = b"POST /auth/login HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n"
    answered = 0
    for _ in range(10):
        with socket.create_connection(("127.0.0.1", services.demo.port), timeout=10) as connection:
            connection.sendall(head + b"content-length: %d\r\n\r\n" % len(body) + body)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while part := connection.recv(4096):
                answer += part
        answered += answer.startswith(b"HTTP/1.1 401")
    return expect(answered == 10, f"{answered} of 10 were answered")


@attack("C22", "a body in gzip, and a bomb of 100 MiB in gzip")
def gzip_bodies(services):
    nobody = services.demo.nobody()
    packed = {"content-encoding": "gzip"}
    body = json.dumps({"email": "nobody@example.com", "password": "none-at-all"}).encode()
    read = nobody.post("/auth/login", raw=gzip.compress(body), headers=packed)
    before = services.demo.memory_mib()
    bomb = nobody.post("/auth/login", raw=gzip.compress(b" " * (100 << 20)), headers=packed)
    grown = services.demo.memory_mib() - before
    got = f"{read}; the bomb {bomb}, {grown} MiB more"
    return expect(read.status in (401, 415) and bomb.status in (413, 415) and grown < 32, got)


@attack("C24", "25.0 and 1e3 where integers are wanted")
def whole_numbers(services):
    operator = services.demo.demo("operator")
    raw = json.dumps({"condition": {"count": {"kind": "purchase", "count": 3}}}).replace("3}", "3.0}").encode()
    whole = operator.post("/conditions/check", raw=raw)
    part = operator.post("/conditions/check", raw=raw.replace(b"3.0", b"3.5"))
    power = operator.post("/conditions/check", raw=raw.replace(b"3.0", b"1e3"))
    return expect((whole.status, power.status, part.status) == (200, 200, 400), f"3.0 {whole}, 1e3 {power}, 3.5 {part}")


@attack("D25", "forty changes of one event and 200 claims at once")
def writers_of_one_event(services):
    operator, reporter = services.demo.demo("operator"), services.demo.demo("service")
    _, reward = event_with_reward(operator, LOGIN_ONCE, quantity=100_000)
    members = [row["id"] for row in operator.get("/auth/users?role=USER&limit=50").json["users"]][:50]

    def change(_):
        return operator.patch(f"/rewards/{reward}", {"quantityDelta": 1}).status

    def claim(number):
        return reporter.post(f"/claims/{reward}/claim", {"memberId": members[number % len(members)]}).status

    with ThreadPoolExecutor(40) as pool:
        changes, claims = [pool.submit(change, n) for n in range(40)], [pool.submit(claim, n) for n in range(200)]
        changed, claimed = [one.result() for one in changes], [one.result() for one in claims]
    turned_away = [status for status in changed + claimed if status >= 500]
    return expect(not turned_away and set(changed) == {200}, f"{changed.count(200)} of 40 changed, {len(turned_away)} turned away")


@attack("D26", "a cursor whose place was altered")
def an_altered_cursor(services):
    operator = services.demo.demo("operator")
    taken = 0
    for path in ["/claims", "/events", "/auth/users", "/rewards", "/reward-requests"]:
        cursor = operator.get(f"{path}?limit=1").json["nextCursor"]
        if not cursor:
            continue
        data = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        for place in range(len(data)):
            altered = bytearray(data)
            altered[place] ^= 1
            text = base64.urlsafe_b64encode(bytes(altered)).decode().rstrip("=")
            taken += operator.get(f"{path}?limit=1&cursor={text}").status != 400
    return expect(taken == 0, f"{taken} altered cursors were taken")


@attack("D27", "the facts of an erased member, for the auditor")
def facts_of_the_erased(services):
    member, auditor = services.demo.nobody().sign_up(), services.demo.demo("auditor")
    member.ask("DELETE", "/auth/me", {"password": member.password})
    answer = auditor.get(f"/audit/members/{member.account}/facts")
    return expect(answer.status == 200, str(answer))


@attack("D30", "what a refusal says beside its evidence")
def a_refusal_is_complete(services):
    operator = services.demo.demo("operator")
    _, reward = event_with_reward(operator, "REFER_3_FRIENDS")
    member = services.demo.nobody().sign_up()
    wanted = {"evidence", "conditionVersion", "factsPosition", "evaluatedAt", "timeZone"}
    lacking = set()
    for path in [f"/claims/{reward}/claim?dryRun=true", f"/claims/{reward}/claim", f"/claims/{reward}/claim"]:
        lacking |= wanted - set(member.post(path).json)
    return expect(not lacking, f"lacking: {', '.join(sorted(lacking)) or 'nothing'}")


@attack("D31", "a position that is not there yet, where the log itself is read")
def beyond_the_head(services):
    auditor, member = services.demo.demo("auditor"), services.demo.nobody().sign_up()
    got = []
    for path in (f"/audit/members/{member.account}/facts", f"/audit/streams/member/{member.account}"):
        head = int(auditor.get(path).headers["ledger-position"])
        far = auditor.get(path, headers={"ledger-min-position": str(2**40)})
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(auditor.get, path, headers={"ledger-min-position": str(head + 1)})
            while not asked.done():
                services.demo.nobody().sign_up()
            got += [asked.result().status, far.code]
    return expect(got == [200, "projection_behind"] * 2, ", ".join(map(str, got)))
