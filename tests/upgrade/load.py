"""People who claim and look while processes come and go, as behind a load balancer: who gets no answer, or a 503, asks
somebody else under the same idempotency key. Every answer is kept in the phase in which it came."""

import threading
import time
import uuid
from collections import Counter, defaultdict

import cluster  # noqa: F401  (finds the harness)
from harness import Caller

CLAIMERS, READERS = 6, 2
LISTS = ["/claims?limit=20", "/events?limit=20", "/rewards?limit=20", "/dashboard", "/auth/me"]


class Load:
    """The load on whoever is in `services`."""

    def __init__(self, services, reward, members, tokens):
        self.services, self.reward, self.members, self.tokens = services, reward, members, tokens
        self.phase, self.stopping, self.lock = "", threading.Event(), threading.Lock()
        self.granted, self.answers, self.slowest = {}, defaultdict(Counter), defaultdict(list)
        self.faults, self.turn = [], 0
        claimers = [threading.Thread(target=self.guarded, args=(self.claim, number), daemon=True) for number in range(CLAIMERS)]
        readers = [threading.Thread(target=self.guarded, args=(self.look, number), daemon=True) for number in range(READERS)]
        self.threads = claimers + readers

    def start(self, phase):
        self.phase = phase
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(120)

    def guarded(self, act, number):
        try:
            act(number)
        except Exception as error:  # a thread that ends in silence would look like peace
            self.faults.append(f"{self.phase}: {type(error).__name__}: {error}")

    def claim(self, number):
        for member in self.members[number::CLAIMERS]:
            if self.stopping.is_set():
                return
            path, body = f"/claims/{self.reward}/claim", {"memberId": member}
            answer = self.until_answered("POST", path, self.tokens["service"], body)
            if answer.status == 201:
                with self.lock:
                    self.granted[answer.json["claim"]["id"]] = member
            else:
                self.faults.append(f"{self.phase}: a claim was answered {answer} {answer.body[:200]}")
        self.faults.append("there were not enough members for the load")

    def look(self, number):
        while not self.stopping.is_set():
            path = LISTS[number % len(LISTS)]
            number += 1
            answer = self.until_answered("GET", path, self.tokens["operator"], None)
            if answer.status != 200:
                self.faults.append(f"{self.phase}: {path} was answered {answer} {answer.body[:200]}")

    def until_answered(self, method, path, token, body):
        """Asks one after the other; a refused connection and a 503 are asked again."""
        key, began = str(uuid.uuid4()), time.monotonic()
        while True:
            with self.lock:
                self.turn += 1
                service = self.services[self.turn % len(self.services)]
            phase, starting = self.phase, service.starting
            headers = {"idempotency-key": key} if method == "POST" else {}
            asked = time.monotonic()
            try:
                answer = Caller(service, token).ask(method, path, body, headers)
            except OSError:
                self.note(phase, "no answer", began)
                time.sleep(0.01)
                continue
            self.note(phase, str(answer.status), asked)
            if answer.status == 503 and time.monotonic() - began < 60:
                if not (starting or service.starting):
                    self.faults.append(f"{phase}: {service.name} answers 503 {answer.code} though it does not start")
                time.sleep(0.01)
                continue
            return answer

    def note(self, phase, what, since):
        with self.lock:
            self.answers[phase][what] += 1
            self.slowest[phase].append(time.monotonic() - since)
