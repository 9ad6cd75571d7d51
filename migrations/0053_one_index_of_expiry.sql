-- `claims_waiting` begins with the same column and serves whoever asked for this one.

drop index claims_by_expiry;
