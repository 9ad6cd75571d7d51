ui-operations-well = Nothing is stuck; the largest lag is { $count ->
    [one] { $count } event
   *[other] { $count } events
}.
ui-operations-trouble = { $count ->
    [one] { $count } follower needs a decision
   *[other] { $count } followers need a decision
}.
ui-operations-followers = Followers of the log
ui-operations-followers-what = Projections, reactors and the relay to Kafka.
ui-operations-name = Name
ui-operations-state = State
ui-operations-position = Position
ui-operations-lag = Events behind
ui-operations-lag-ms = Milliseconds behind
ui-follower-following = Following
ui-follower-parked = Parked
ui-follower-stopped = Stopped
ui-follower-rebuilding = Rebuilding
ui-follower-off = Off
ui-operations-note = Reason, recorded with your decision
ui-operations-retry = Try again
ui-operations-skip = Skip this event for ever
ui-operations-letters = Dead letters
ui-operations-letters-what = Facts from Kafka that were refused.
ui-operations-no-letters = No fact was refused
ui-operations-no-intake = This service reads no facts from Kafka.
ui-operations-offset = Offset
ui-operations-source = Source
ui-operations-reason = Why
