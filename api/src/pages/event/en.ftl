ui-event-granted-so-far = { $count ->
    [one] { $count } reward granted so far.
   *[other] { $count } rewards granted so far.
}
ui-event-not-claimed = { $count ->
    [one] One member who met the rule has not claimed.
   *[other] { $count } who met the rule have not claimed.
}
ui-event-sold-out = { $reward } is sold out.
ui-event-lasts = { $reward } lasts until the end.
ui-event-sells-out = { $days ->
    [0] { $reward } sells out around { $around }, on the last day.
    [one] { $reward } sells out around { $around }, a day early.
   *[other] { $reward } sells out around { $around }, { $days } days early.
}
ui-event-rule-since = rule v{ $version } since { $day }
ui-event-rule = rule v{ $version }
ui-event-window = { $from } – { $to }
ui-event-window-day = { $window }, day { $day } of { $days }
ui-event-a-member = { $frequency } per member
ui-event-by-hand = decided by hand within { $within }
ui-event-at-most = at most { $count } grants
ui-event-at-most-each = at most { $count } per member
ui-event-granted = Granted
ui-event-waiting = Waiting for a decision
ui-event-refused = Refused attempts
ui-event-met = Met the rule
ui-event-decide = Decide
ui-event-since = since { $moment }
ui-event-left = { $reward } left
ui-event-of = of { $all }
ui-event-held = { $count ->
    [one] one more is held
   *[other] { $count } more are held
}
ui-event-count-now = Count now
ui-event-counted-at = counted { $at }
ui-event-not-then = not available for that moment
ui-event-members = Members
ui-event-members-all = all of the programme
ui-event-claimed = Claimed
ui-event-granted-members = Granted
ui-event-of-members = { $percent } % of members
ui-event-of-those-met = { $percent } % of those who met it
ui-event-of-those-claimed = { $percent } % of those who claimed
ui-event-met-have-claimed = { $percent } % of those who met the rule have claimed
ui-event-members-have-claimed = { $percent } % of the members have claimed
ui-event-members-since = Members since { $day }
ui-event-line-marks = The line marks { $moment }.
ui-event-others = { $waiting ->
    [one] One claim waits,
   *[other] { $waiting } claims wait,
} { $rejected ->
    [one] one was rejected
   *[other] { $rejected } were rejected
} and { $expired } expired.
ui-event-n-left = { $count } left
ui-event-n-taken = { $count } taken
ui-event-left-finding = { $reward }: { $left } of { $all } left on { $at }.
ui-event-left-now = { $count } left now
ui-event-left-of = Left of { $reward }
ui-event-ends = ends
ui-event-now = now
ui-event-nothing-left = Nothing is left
ui-event-no-forecast = Too early to say until when the stock lasts
ui-event-sold-out-around = Sold out around { $around } at the present pace
ui-event-lasts-to-the-end = The stock lasts until the end
ui-event-pace-days = Dashed: { $pace }, the mean of { $over } days (slowest { $slowest }, fastest { $fastest })
ui-event-pace-hours = Dashed: { $pace }, the mean of the last { $over } hours (slowest { $slowest }, fastest { $fastest })
ui-event-between = { $from } to { $to }
ui-event-from = From
ui-event-left-at-its-end = Left at its end
ui-event-taken = Taken
ui-event-rule-title = The rule, and how often each part is met
ui-event-judged = { $count ->
    [one] { $count } attempt
   *[other] { $count } attempts
} judged by version { $version } since { $since }, each part by itself
ui-event-not-judged = No version of the rule was in force yet.
ui-event-versions = Versions of the rule
ui-event-as-json = As JSON
ui-event-met-in = met in { $count } of { $all } attempts, { $percent } %
ui-event-of-attempts = of { $all } · { $percent } %
ui-event-missing = Which part was missing
ui-event-missing-of = { $count ->
    [one] { $count } attempt that the rule refused
   *[other] { $count } attempts that the rule refused
}
ui-event-no-part = no part by itself
ui-event-not-part = not: { $part }
ui-event-parts = { $count } parts together
ui-event-by-hour = Granted and refused by the hour
ui-event-by-day = Granted and refused by day
ui-event-by-week = Granted and refused by week
ui-event-by-month = Granted and refused by month
ui-event-steps = Steps of claims, { $zone }
ui-event-not-begun = It has not begun yet.
ui-event-days-finding = Granted and refused attempts over time: { $granted } granted and { $refused } refused in all.
ui-event-granted-refused = { $granted } granted, { $refused } refused
ui-event-granted-in-all = granted, { $count } in all
ui-event-refused-in-all = refused, { $count } in all
ui-event-refused-by-reason = { $count ->
    [one] { $count } refused attempt by reason
   *[other] { $count } refused attempts by reason
}
ui-event-none-refused = Nothing was refused
ui-event-most-refused = { $reason }: { $percent } % of the refusals
ui-event-rejected = Rejected
ui-event-expired = Expired
ui-event-add-reward = Add a reward
ui-event-no-reward = It has no reward yet
ui-event-no-reward-why = Whoever meets the rule gets nothing until it has a reward.
ui-event-reward = Reward
ui-event-type = Type
ui-event-amount = Amount
ui-event-per-member = Per member
ui-event-stock = Stock
ui-event-held-column = Held
ui-event-left-column = Left
ui-event-granted-held-left = granted, held, left
ui-event-made = Created, with version 1 of the rule
ui-event-rule-changed = Rule v{ $version }
ui-event-opened = Opened
ui-event-ended = Ended
ui-event-changes = Changes
ui-event-in-the-log = All of its events in the log
ui-event-edit = Test a change
ui-event-step-pause = Pause
ui-event-step-resume = Resume
ui-event-step-end = End
ui-event-pause-why = Nobody can claim until it is resumed
ui-event-resume-why = Members can claim again
ui-event-end-why = Ends it for good: nobody can claim any more. Grants stay, and waiting claims can still be decided.
ui-event-end-now = End the event
ui-event-not-known = We do not know whether it was done.
ui-event-ask-again-why = Ask again: it counts once.
ui-event-ask-again = Ask again
ui-event-faster = Somebody was faster: the event has changed. It is now: { $status }.
ui-event-not-done = Your change was not made. Check the event as it is now, then try again.
ui-event-then = Numbers and the rule are as of that moment. Name, dates and terms are those of now.
