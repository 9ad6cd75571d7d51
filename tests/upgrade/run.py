"""Runs the release before beside this one on one database, under load, in both orders: `run.py OLD NEW [SECONDS]`, two
binaries and the length of a phase. Ends with 1 where a claim was lost or doubled, where somebody was answered otherwise
than they should, where the log does not verify, or where a migration that was killed does not go on."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from datetime import datetime, timedelta, timezone

from cluster import Cluster
from load import Load
from harness import Service, free_port

MEMBERS = 40_000


class Instance(Service):
    """One process of one version on the common database."""

    def __init__(self, name, binary, url, keys):
        super().__init__(binary, DATABASE_URL=url, KAFKA="off", TOKEN_KEY_FILE=keys)
        del self.environment["METRICS_LISTEN"]
        self.name, self.starting = name, False

    def start(self):
        self.starting = True
        self.port = free_port()
        self.environment["LISTEN"] = f"127.0.0.1:{self.port}"
        super().start()
        self.starting = False


def main():
    old, new = sys.argv[1], sys.argv[2]
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 20.0
    cluster = Cluster()
    try:
        faults = killed_half_way(cluster, old, new) + side_by_side(cluster, old, new, seconds)
    finally:
        cluster.remove()
    for fault in faults[:20]:
        print(f"FAULT: {fault}")
    print(f"upgrade: {'FAILED' if faults else 'passed'}")
    sys.exit(1 if faults else 0)


def killed_half_way(cluster, old, new):
    """Kills the migration from nothing, and from the schema of the release before, again and again, each time later."""
    whole = cluster.database("whole")
    migrate(new, whole).wait()
    wanted, faults = cluster.schema("whole"), []
    for name, first in [("from_nothing", None), ("from_before", old)]:
        url, stopped_at, kills, patience = cluster.database(name), set(), 0, 0.02
        if first:
            migrate(first, url).wait()
        while True:
            process = migrate(new, url)
            try:
                code = process.wait(patience)
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
            kills, patience = kills + 1, patience + 0.02
            there = cluster.sql(name, "select to_regclass('_sqlx_migrations') is not null")[0] == "t"
            stopped_at.add(int(cluster.sql(name, "select count(*) from _sqlx_migrations")[0]) if there else 0)
        print(f"migration {name}: killed {kills} times, with {sorted(stopped_at)} migrations applied, then ended with {code}")
        if code != 0 or cluster.schema(name) != wanted:
            faults.append(f"a migration {name} that was killed does not come to the schema of one that was not")
    return faults


def migrate(binary, url):
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": url, "RUST_LOG": "error"}
    return subprocess.Popen([binary, "migrate"], env=environment, stdout=subprocess.DEVNULL)


def side_by_side(cluster, old_binary, new_binary, seconds):
    url, keys = cluster.database("shared"), cluster.folder + ".keys"
    with open(keys, "w", encoding="ascii") as file:
        file.write("0123456789abcdef0123456789abcdef\n")
    old, new = (Instance(name, binary, url, keys) for name, binary in [("old", old_binary), ("new", new_binary)])
    try:
        old.start()
        reward, members = prepare(old)
        tokens = {name: old.demo(name).token for name in ("service", "operator")}
        running = [old]
        load = Load(running, reward, members, tokens)

        def phase(name, act=lambda: None):
            load.phase = name
            act()
            time.sleep(seconds)

        def joins(instance):
            running.append(instance)
            instance.start()

        def leaves(instance):
            running.remove(instance)  # as a load balancer does before it stops a process
            time.sleep(1)
            instance.stop()

        load.start("old alone")
        phase("old alone")
        phase("old serves, new starts", lambda: joins(new))
        phase("old leaves", lambda: leaves(old))
        phase("new serves, old starts again", lambda: joins(old))
        phase("new leaves", lambda: leaves(new))
        phase("old serves, new starts again", lambda: joins(new))
        load.stop()
        return told(load) + compared(cluster, load, [old, new])
    finally:
        for instance in (old, new):
            instance.remove()
        os.remove(keys)


def prepare(service):
    """An event that is open to everybody who visited, its reward, and members who did. The reward is a thing: version 0.1.0
    cannot read grants that credit points."""
    operator, now = service.demo("operator"), datetime.now(timezone.utc)
    event = {
        "name": f"Upgrade {uuid.uuid4()}",
        "startDate": (now - timedelta(days=1)).isoformat(timespec="milliseconds"),
        "endDate": (now + timedelta(days=30)).isoformat(timespec="milliseconds"),
        "condition": {"cel": {"expression": "count('visit', 30) > 0"}},
    }
    event = operator.post("/events", event).json["id"]
    reward = {"eventId": event, "name": "Mugs", "type": "ITEM", "amount": 1, "quantity": None}
    reward = operator.post("/rewards", reward).json["reward"]["id"]
    members = [str(uuid.uuid4()) for _ in range(MEMBERS)]
    at = now.isoformat(timespec="milliseconds")
    lines = (
        json.dumps({"source": "shop", "id": member, "memberId": member, "kind": "visit", "occurredAt": at})
        for member in members
    )
    code, said = service.command("import", "activities", "-", "--create-members", text="\n".join(lines) + "\n")
    if code != 0:
        raise RuntimeError(f"the import failed: {said}")
    return reward, members


def told(load):
    """Prints what was answered in each phase; what should not have been."""
    print(f"{'phase':32} {'answers':>8} {'p50 ms':>8} {'p99 ms':>8} {'longest':>8}  how often")
    for name, answers in load.answers.items():
        took = sorted(load.slowest[name])
        at = [took[int(len(took) * part)] * 1000 for part in (0.5, 0.99)] + [took[-1] * 1000]
        print(f"{name:32} {len(took):8} {at[0]:8.1f} {at[1]:8.1f} {at[2]:8.1f}  {dict(answers)}")
    server_errors = [
        f"{name}: {count} answers of {status}"
        for name, answers in load.answers.items()
        for status, count in answers.items()
        if status.startswith("5") and status != "503"
    ]
    return load.faults + server_errors


def compared(cluster, load, instances):
    """Every claim that was answered 201 is in the log, once; and both versions find the log as it should be."""
    rows = cluster.sql("shared", "select aggregate_id, count(*) from events where event_type = 'claim.granted' group by 1")
    logged = {row.split("|")[0]: int(row.split("|")[1]) for row in rows}
    lost = [claim for claim in load.granted if claim not in logged]
    doubled = [claim for claim, count in logged.items() if count != 1]
    members = len(set(load.granted.values()))
    print(f"{len(load.granted)} claims were acknowledged; {len(lost)} are not in the log, {len(doubled)} are there twice")
    faults = [f"claim {claim} was acknowledged and is lost" for claim in lost]
    faults += [f"claim {claim} was granted twice" for claim in doubled]
    if members != len(load.granted):
        faults.append(f"{len(load.granted)} claims of {members} members")
    for instance in instances:
        code, said = instance.command("audit", "verify", "--json")
        found = differences(said) if code != 0 else []
        print(f"audit verify of the {instance.name} version: {code} {[check['name'] for check in found]}")
        # the old version compares the rows of a projection with its own fold, which the new version may have changed
        if instance.name == "old":
            found = [check for check in found if not check["name"].startswith("projection.")]
        faults += [f"audit verify of the {instance.name} version: {check}" for check in found]
    return faults


def differences(said):
    """The checks that failed; what was said, if it is not the answer of a verification."""
    try:
        checks = json.JSONDecoder().raw_decode(said)[0]["checks"]
    except (ValueError, KeyError):
        return [{"name": "verification", "said": said[-1000:]}]
    return [check for check in checks if not check["ok"]] or [{"name": "verification", "said": said[-1000:]}]


if __name__ == "__main__":
    main()
