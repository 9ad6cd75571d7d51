ui-chain-link = is the previous hash of
ui-chain-previous = previous
ui-chain-hash = hash
ui-chain-compute = Compute it in this browser
ui-chain-same = The same: SHA-256 of the bytes below is
ui-chain-other = Not the same: SHA-256 of the bytes below is
ui-chain-bytes = The bytes that are hashed
ui-chain-bytes-how = In hexadecimal. Each field is its length in four bytes, then its text in UTF-8; the reference of events has the order.
