# Holds the hash chain of a log that `audit log` wrote, one event a line; it knows nothing of the program that wrote it.
import hashlib, json, sys

NAMES = """position epoch eventId streamType streamId sequence type version subject payload metadata occurredAt
           recordedAt commandId actor correlationId causationId previousHash""".split()
previous, position = "0" * 64, 0
for text in open(sys.argv[1], encoding="utf-8"):
    event = json.loads(text)
    event |= event["metadata"]
    for name in ("payload", "metadata"):  # as stored: cut out of the line, not written anew
        start = text.index(f'"{name}":') + len(name) + 3
        event[name] = text[start : json.JSONDecoder().raw_decode(text, start)[1]]
    fields = [str(event.get(name) or "").encode() for name in NAMES]
    digest = hashlib.sha256(b"".join(len(f).to_bytes(4, "big") + f for f in fields)).hexdigest()
    position += 1
    assert (event["position"], event["previousHash"], event["hash"]) == (position, previous, digest), position
    previous = digest
print(position, "events, the chain holds; head", previous)
