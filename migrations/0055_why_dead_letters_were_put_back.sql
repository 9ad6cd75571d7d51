-- Who had a dead letter put back over HTTP, and why; null where the command line did it.

alter table dead_letters_replayed
    add column reason text,
    add column actor text;
