"""Attacks on who may do what: accounts that should be gone, passwords that are guessed, identities that look alike,
rights that are taken."""

import re
import subprocess
import time
import uuid

from harness import Held, attack, expect

LOGIN_ONCE = {"activeDays": {"kind": "login", "days": 1}}


def event_with_reward(operator, condition, **reward):
    """An event that runs, with one reward: their ids."""
    event = operator.post(
        "/events",
        {"name": f"Attack {uuid.uuid4()}", "startDate": "2026-01-01", "endDate": "2036-01-01", "condition": condition},
    )
    if event.status != 201:
        raise Held(f"POST /events: {event} {event.body[:200]}")
    made = operator.post("/rewards", {"eventId": event.json["id"], "name": "Prize", "type": "POINT", **reward})
    return event.json["id"], made.json["reward"]["id"]


@attack("B9", "demo accounts after the demo has ended")
def demo_accounts_after_the_demo(services):
    service = services.own()
    service.start()
    service.stop()
    status, said = service.command("serve", DEMO="false", KAFKA="off")
    got = f"exit {status}: {said.strip().splitlines()[-1] if said.strip() else 'nothing'}"
    return expect(status != 0 and "demo remove" in said, got)


@attack("B10", "a fact on the embedded broker, from anybody")
def a_fact_on_the_embedded_broker(services):
    service = services.own(DEMO="false")
    service.command("migrate")
    service.command("admin", "create", "--email", "root@example.com", text="correct-horse-battery\n")
    service.start()
    found = re.search(r"broker at (127\.0\.0\.1:\d+)", service.log())
    if not found:
        return "no broker to write to"
    member = service.nobody().sign_up()
    admin = service.nobody().log_in("root@example.com", "correct-horse-battery")
    _, reward = event_with_reward(admin, "WRITE_REVIEW", amount=1_000_000_000)
    before = member.post(f"/claims/{reward}/claim")
    data = '{"memberId":"%s","kind":"review","occurredAt":"2026-11-01T00:00:00Z"}' % member.account
    headers = ["ce_specversion=1.0", f"ce_id={uuid.uuid4()}", "ce_source=anybody", "ce_type=review", "content-type=application/json"]
    kcat = ["kcat", "-P", "-b", found.group(1), "-t", "reward-ledger.activities", "-p", "0"]
    subprocess.run(kcat + [part for header in headers for part in ("-H", header)], input=data.encode(), timeout=30, check=False)
    for _ in range(25):
        after = member.post(f"/claims/{reward}/claim")
        if after.status == 201:
            break
        time.sleep(0.2)
    return expect(after.status == 422, f"{before}, then {after}")


@attack("B11", "guessing a password beside the log-in")
def guessing_beside_the_log_in(services):
    service = services.limited
    member = service.nobody("127.0.0.6").sign_up()
    answers = [
        member.patch("/auth/password", {"currentPassword": f"guess-{number}", "newPassword": "correct-horse-2"})
        for number in range(30)
    ]
    answers += [member.ask("DELETE", "/auth/me", {"password": f"guess-{number}"}) for number in range(10)]
    refused = sum(answer.status == 429 for answer in answers)
    owner = service.nobody("127.0.0.7").post("/auth/login", {"email": member.email, "password": member.password})
    return expect(refused >= 20 and owner.status == 200, f"{refused} of 40 were 429; the owner elsewhere gets {owner}")


@attack("B11b", "ten wrong log-ins from elsewhere, then the owner")
def locking_the_owner_out(services):
    service = services.limited
    member = service.nobody("127.0.0.8").sign_up()
    for number in range(12):
        service.nobody("127.0.0.9").post("/auth/login", {"email": member.email, "password": f"wrong-{number}"})
    owner = service.nobody("127.0.0.8").post("/auth/login", {"email": member.email, "password": member.password})
    return expect(owner.status == 200, f"the owner gets {owner}")


@attack("B11c", "the password `password`")
def a_common_password(services):
    body = {"email": f"{uuid.uuid4()}@example.com", "password": "password", "birthDate": "1995-01-01"}
    answer = services.demo.nobody().post("/auth/signup", body)
    return expect(answer.status == 400, str(answer))


@attack("B12", "erase, return, and claim the gift again")
def erase_and_return(services):
    service = services.demo
    operator = service.demo("operator")
    _, reward = event_with_reward(operator, LOGIN_ONCE)
    inviter = service.nobody().sign_up()
    code = inviter.get("/auth/invite-code").json["inviteCode"]
    email, grants = f"{uuid.uuid4()}@example.com", 0
    for _ in range(3):
        member = service.nobody().sign_up(email=email, inviteCode=code)
        grants += member.post(f"/claims/{reward}/claim").status == 201
        member.ask("DELETE", "/auth/me", {"password": member.password})
    made = len(inviter.get("/referrals/me").json["referrals"])
    return expect(grants == 1 and made <= 1, f"{grants} grants, {made} referrals")


@attack("B12b", "one mailbox under three spellings")
def one_mailbox(services):
    nobody = services.demo.nobody()
    name = uuid.uuid4()
    spellings = [
        f"{name}@bücher.example",
        f"{name}@xn--bcher-kva.example",
        f"{name}@bücher.ｅｘａｍｐｌｅ",
        f"{name}\u200b@bücher.example",
    ]
    answers = [
        nobody.post("/auth/signup", {"email": email, "password": "correct-horse-battery", "birthDate": "1995-01-01"})
        for email in spellings
    ]
    made = sum(answer.status == 201 for answer in answers)
    return expect(made == 1, f"{made} accounts: {', '.join(map(str, answers))}")


@attack("B12c", "a nickname that looks like another's")
def look_alike_nicknames(services):
    nobody = services.demo.nobody()
    nickname = f"mina{uuid.uuid4().hex[:6]}"
    nobody.sign_up(nickname=nickname)
    alike = [nickname + "\u200b", "\u202e" + nickname, nickname + "\u3164", nickname.replace("a", "\u0430")]
    answers = []
    for spelling in alike:
        body = {"email": f"{uuid.uuid4()}@example.com", "password": "correct-horse-battery", "birthDate": "1995-01-01"}
        answers.append(nobody.post("/auth/signup", {**body, "nickname": spelling}))
    made = sum(answer.status == 201 for answer in answers)
    return expect(made == 0, f"{made} accounts: {', '.join(map(str, answers))}")


@attack("B13", "a role that SQL gave, behind the log's back")
def a_role_by_sql(services):
    service = services.own()
    service.start()
    member = service.nobody().sign_up()
    said = service.sql(f"update accounts set role = 'ADMIN' where id = '{member.account}'")
    status, report = service.command("audit", "verify")
    named = [line for line in report.splitlines() if "role" in line.lower()]
    return expect(status == 1 and named, f"{said}; audit verify ends with {status}: {(named or ['no word of it'])[0].strip()}")


@attack("B14", "an operator who reports a fact about himself")
def an_operator_pays_himself(services):
    operator = services.demo.demo("operator")
    fact = {
        "source": "shop",
        "id": str(uuid.uuid4()),
        "memberId": operator.account,
        "kind": "review",
        "occurredAt": "2026-11-01T00:00:00Z",
    }
    reported = operator.post("/activities", fact)
    _, reward = event_with_reward(operator, LOGIN_ONCE)
    claimed = operator.post(f"/claims/{reward}/claim")
    return expect(reported.status == 403 and claimed.status == 403, f"the fact {reported}, the claim {claimed}")


@attack("B15", "logging somebody out by the public half of a token")
def logging_somebody_out(services):
    member = services.demo.nobody().sign_up()
    token = member.refresh_token
    forged = [token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")]
    if "." in token:
        forged.append(token.split(".")[0] + "." + "A" * len(token.split(".")[1]))
    for guess in forged:
        services.demo.nobody().post("/auth/logout", {"refreshToken": guess})
        services.demo.nobody().post("/auth/refresh", {"refreshToken": guess})
    still = member.get("/auth/me")
    fresh = services.demo.nobody().post("/auth/refresh", {"refreshToken": token})
    return expect(still.status == 200 and fresh.status == 200, f"the member gets {still} and {fresh}")


@attack("B15b", "a start lock that another user holds")
def a_start_lock(services):
    folder = services.demo.environment["DATA_DIR"]
    found = subprocess.run(["find", folder, "-name", "*.lock", "-printf", "%m %f\n"], capture_output=True, check=False)
    modes = found.stdout.decode().split("\n")[:-1]
    return expect(modes and all(mode.startswith("600") for mode in modes), ", ".join(modes) or "no lock")


@attack("B15c", "a public address with everything turned off")
def everything_turned_off(services):
    service = services.demo
    loose = {"RATE_LIMITS": "off", "COOKIE_SECURE": "never", "CORS_ORIGINS": "*", "TRUSTED_PROXIES": "0.0.0.0/0"}
    sure = {"RATE_LIMITS": "default", "DEMO": "false", "LISTEN": "0.0.0.0:8080", "KAFKA": "off"}
    status, said = service.command("config", **sure)
    if status:
        raise Held(f"what is safe is refused: {said}")
    taken = []
    for name, value in loose.items():
        status, said = service.command("config", **{**sure, name: value})
        taken += [] if status and name in said else [name]
    return expect(not taken, f"taken: {', '.join(taken) or 'none'}")
