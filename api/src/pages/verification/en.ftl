ui-verification-never = Nobody has looked yet. A run reads the whole log, its chain, the tables made from it and the topic.
ui-verification-running = A run is under way since { $since }.
ui-verification-holds = Nothing was altered: { $checks } checks hold over { $count } events, { $at }.
ui-verification-failed = { $failed ->
    [one] { $failed } check found a difference
   *[other] { $failed } checks found a difference
} in { $count } events, { $at }.
ui-verification-start = Start a run
ui-verification-wait = The log is being read. You may leave this page.
ui-verification-look = Look again
ui-verification-checks = Checks
ui-verification-check = Check
ui-verification-found = Found
ui-verification-looked-at = Looked at
ui-verification-first = First failure
ui-verification-ok = Holds
ui-verification-difference = Difference
ui-verification-left-out = Left out
ui-verification-left-out-why = Tables that are not made from the log; nothing is said about them.
ui-verification-not-looked = Not looked at
ui-verification-all-looked = Everything that could be checked was checked.
ui-verification-checkpoints = Signed checkpoints
ui-verification-checkpoints-why = Each holds for every later state of the same log, and for no other log. Keep some outside.
ui-verification-no-checkpoints = No checkpoint yet
ui-verification-when = The service signs one each hour and after each verification.
ui-verification-position = Position
ui-verification-signed = Signed
ui-verification-key = Key
ui-verification-note = Signed note
ui-verification-show-note = Show
