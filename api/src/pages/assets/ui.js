// The pages work without this module; it only adds: live figures, keys, read-outs of charts, the hash check.
