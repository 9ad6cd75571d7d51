"""What the attacks stand on: a service of their own, HTTP as it goes over the wire, and the table of what each attack
got. It knows no attack."""

import http.client
import json
import os
import re
import resource
import shutil
import signal
import random
import socket
import subprocess
import tempfile
import time
import uuid

ATTACKS = []

# far more than any service of these attacks needs
MOST_MEMORY = 3 << 30


class Held(AssertionError):
    """The service did not do what it promises; the text is what it did."""


def attack(number, title):
    """Registers an attack. The function answers what the attacker got, or raises `Held`."""

    def register(function):
        ATTACKS.append((number, title, function))
        return function

    return register


def expect(holds, got):
    """Says what the attacker got, and that it is not what is promised where `holds` is false."""
    if not holds:
        raise Held(got)
    return got


class Answer:
    """The answer to one request."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body) if self.body else None

    @property
    def code(self):
        """The code of a problem document, or an empty text."""
        try:
            return self.json.get("code", "")
        except (ValueError, AttributeError):
            return ""

    def __str__(self):
        return f"{self.status} {self.code}".strip()


class Caller:
    """Asks a service, as one account or as nobody, from one address of the loopback network."""

    def __init__(self, service, token=None, address="127.0.0.1"):
        self.service, self.token, self.address = service, token, address
        self.account = None

    def ask(self, method, path, body=None, headers=None, raw=None, timeout=60):
        """One request on a connection of its own. `raw` is a body as bytes, `body` one as JSON."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.service.port, timeout=timeout, source_address=(self.address, 0)
        )
        sent = dict(headers or {})
        if self.token:
            sent.setdefault("authorization", f"Bearer {self.token}")
        payload = raw
        if body is not None:
            payload = json.dumps(body).encode()
        if payload is not None:
            sent.setdefault("content-type", "application/json")
        try:
            connection.request(method, path, payload, sent)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.ask("POST", path, body, **more)

    def patch(self, path, body, **more):
        return self.ask("PATCH", path, body, **more)

    def log_in(self, email, password):
        """A caller with the token of an account."""
        answer = self.post("/auth/login", {"email": email, "password": password})
        if answer.status != 200:
            raise Held(f"log-in of {email}: {answer}")
        caller = Caller(self.service, answer.json["accessToken"], self.address)
        caller.refresh_token = answer.json["refreshToken"]
        me = caller.get("/auth/me")  # a service has none
        caller.account = me.json["user"]["id"] if me.status == 200 else None
        return caller

    def sign_up(self, **fields):
        """A caller for a new member."""
        email, password = f"{uuid.uuid4()}@example.com", "correct-horse-battery"
        body = {"email": email, "password": password, "birthDate": "1995-01-01", **fields}
        answer = self.post("/auth/signup", body)
        if answer.status != 201:
            raise Held(f"sign-up: {answer}")
        member = self.log_in(body["email"], password)
        member.email, member.password = body["email"], password
        return member


class Service:
    """The built program on a port and a data folder of its own, as an operator would start it."""

    def __init__(self, binary, **environment):
        self.binary = binary
        self.folder = tempfile.mkdtemp(prefix="attacks-")
        os.chmod(self.folder, 0o755)  # the database is run by another user where this is root
        self.port, self.metrics_port = free_port(), free_port()
        self.environment = {
            "LISTEN": f"127.0.0.1:{self.port}",
            "METRICS_LISTEN": f"127.0.0.1:{self.metrics_port}",
            "DATA_DIR": os.path.join(self.folder, "data"),
            "RATE_LIMITS": "off",
            "DEMO": "true",
            "RUST_LOG": "info",
            **environment,
        }
        self.process = None

    def variables(self, **more):
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "USER", "LANG", "TMPDIR") if name in os.environ}
        return {**kept, **self.environment, **more}

    def start(self):
        """Starts it and waits until it is ready."""
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve"],
                env=self.variables(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=bounded,
            )
        for _ in range(600):
            try:
                if self.nobody().get("/health/ready", timeout=5).status == 200:
                    return self
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"the service did not become ready:\n{self.log()[-4000:]}")

    def runs(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """Asks it to stop and waits until it has."""
        if self.runs():
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def remove(self):
        """Stops it and removes its data."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, *arguments, text="", **environment):
        """Runs a command of the program beside the service: its exit status and everything it said."""
        ended = subprocess.run(
            [self.binary, *arguments],
            env=self.variables(**environment),
            input=text.encode(),
            capture_output=True,
            timeout=120,
            check=False,
        )
        return ended.returncode, (ended.stdout + ended.stderr).decode(errors="replace")

    def sql(self, statement):
        """What PostgreSQL answers, asked by the role of the service."""
        ended = subprocess.run(
            ["psql", "-h", os.path.join(self.environment["DATA_DIR"], "postgres/run"), "-U", "reward_ledger", "-tAc", statement],
            capture_output=True,
            timeout=60,
            check=False,
        )
        return (ended.stdout + ended.stderr).decode(errors="replace").strip()

    def nobody(self, address="127.0.0.1"):
        """A caller without a token."""
        return Caller(self, address=address)

    def demo(self, name, address="127.0.0.1"):
        """A caller for one of the demo accounts."""
        return self.nobody(address).log_in(f"{name}@example.com", "ledger-demo")

    def metrics(self):
        """The text that Prometheus would read."""
        connection = http.client.HTTPConnection("127.0.0.1", self.metrics_port, timeout=30)
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()

    def memory_mib(self):
        """The resident memory of the service, without PostgreSQL."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) // 1024

    @property
    def log_file(self):
        return os.path.join(self.folder, "log")

    def log(self):
        with open(self.log_file, encoding="utf-8", errors="replace") as log:
            return log.read()


def bounded():
    """Ends a service that eats memory, before the machine does not answer any more."""
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))


def free_port():
    """A port that nobody listens on, below those that systems give to outgoing connections: one of these could take it before
    the service does."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
