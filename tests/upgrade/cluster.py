"""A PostgreSQL of our own, for processes that come and go beside it."""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "attacks"))
from harness import free_port  # noqa: E402


class Cluster:
    """A server in a folder that goes away with it."""

    def __init__(self):
        self.programs, self.port = programs(), free_port()
        self.folder = tempfile.mkdtemp(prefix="upgrade-postgres-")
        self.as_user = {}
        if os.geteuid() == 0:  # which PostgreSQL refuses to run as
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        arguments = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        self.run("initdb", *arguments, "--pgdata", self.folder)
        settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200", f"port={self.port}"]
        options = [word for setting in settings for word in ("-c", setting)]
        with open(self.folder + ".log", "ab") as log:
            program = os.path.join(self.programs, "postgres")
            self.server = subprocess.Popen(
                [program, "-D", self.folder, *options], cwd="/", stdout=log, stderr=log, **self.as_user
            )
        for _ in range(300):
            if self.answers():
                return
            time.sleep(0.1)
        raise RuntimeError(f"PostgreSQL does not answer: {self.folder}.log")

    def run(self, program, *arguments):
        command = [os.path.join(self.programs, program), *arguments]
        subprocess.run(command, cwd="/", check=True, stdout=subprocess.DEVNULL, **self.as_user)

    def answers(self):
        return subprocess.run([*self.psql("postgres"), "select 1"], capture_output=True, check=False).returncode == 0

    def psql(self, database):
        return ["psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database, "-tAqc"]

    def sql(self, database, statement):
        """The rows of an answer, as lines."""
        ended = subprocess.run([*self.psql(database), statement], capture_output=True, check=True)
        return ended.stdout.decode().split("\n")[:-1]

    def database(self, name):
        """A new database of a role without privileges: its address."""
        self.sql("postgres", f"create role {name} login password '{name}'")
        self.sql("postgres", f"create database {name} owner {name}")
        return f"postgres://{name}:{name}@127.0.0.1:{self.port}/{name}"

    def schema(self, name):
        """Its schema as text, without what differs from dump to dump."""
        dump = os.path.join(self.programs, "pg_dump")
        command = [dump, "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "--schema-only", "--no-owner", "-x", name]
        text = subprocess.run(command, capture_output=True, check=True).stdout.decode()
        return [line for line in text.split("\n") if not line.startswith(("--", "\\restrict", "\\unrestrict"))]

    def remove(self):
        self.server.send_signal(signal.SIGQUIT)
        self.server.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.remove(self.folder + ".log")


def programs():
    """The folder of the newest server of this machine."""
    found = [path for path in glob.glob("/usr/lib/postgresql/*/bin") if os.path.isfile(f"{path}/postgres")]
    if found:
        return max(found, key=lambda path: int(path.split("/")[-2]))
    return subprocess.run(["pg_config", "--bindir"], capture_output=True, check=True).stdout.decode().strip()
