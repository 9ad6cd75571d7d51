"""Attacks the built program and prints what each attack gets: `run.py BINARY [NUMBER …]`. Ends with 1 where the service
does not keep what SECURITY.md promises."""

import sys
import time

import costs  # noqa: F401  (registers its attacks)
import doors  # noqa: F401
import answers  # noqa: F401
from harness import ATTACKS, Held, Service


def main():
    binary, wanted = sys.argv[1], set(sys.argv[2:])
    chosen = [entry for entry in ATTACKS if not wanted or entry[0] in wanted]
    services, failed = Services(binary), 0
    print(f"{'':4} {'attack':58} {'gets':60} ")
    try:
        for number, title, function in chosen:
            began = time.monotonic()
            try:
                got, mark = function(services), "ok"
            except Held as held:
                got, mark, failed = str(held), "NOT HELD", failed + 1
            except Exception as error:  # a service that is gone is a finding, not the end of the table
                got, mark, failed = f"{type(error).__name__}: {error}", "NOT HELD", failed + 1
            print(f"{number:4} {title:58} {got[:160]:60} {mark} ({time.monotonic() - began:.1f} s)", flush=True)
    finally:
        services.remove()
    print(f"\n{len(chosen) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


class Services:
    """The services that attacks share, started when the first attack asks: one with a demo, one as in earnest."""

    def __init__(self, binary):
        self.binary, self.running = binary, {}

    @property
    def demo(self):
        """With demo accounts and no rate limits."""
        return self.shared("demo")

    @property
    def limited(self):
        """With demo accounts and the rate limits that are on by default."""
        return self.shared("limited", RATE_LIMITS="default")

    def shared(self, name, **environment):
        if name not in self.running:
            self.running[name] = Service(self.binary, **environment)
        if not self.running[name].runs():  # at first, and after an attack that ended it
            self.running[name].start()
        return self.running[name]

    def own(self, **environment):
        """One that an attack may stop and start."""
        name = f"own-{len(self.running)}"
        self.running[name] = Service(self.binary, **environment)
        return self.running[name]

    def remove(self):
        for service in self.running.values():
            service.remove()


if __name__ == "__main__":
    main()
