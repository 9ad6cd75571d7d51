ui-overview-ahead = Ahead of { $day }:
ui-overview-behind = Behind { $day }:
ui-overview-level = Level with { $day }:
ui-overview-granted-more = { $count ->
    [one] { $count } reward
   *[other] { $count } rewards
} granted by { $until }, { $more } more.
ui-overview-granted-fewer = { $count ->
    [one] { $count } reward
   *[other] { $count } rewards
} granted by { $until }, { $fewer } fewer.
ui-overview-granted-same = { $count ->
    [one] { $count } reward
   *[other] { $count } rewards
} granted by { $until }, as many.
ui-overview-granted-by = { $count ->
    [one] { $count } reward
   *[other] { $count } rewards
} granted by { $until }.
ui-overview-sold-out-today = { $count ->
    [one] One reward sells out today.
   *[other] { $count } rewards sell out today.
}
ui-overview-all-events = { $count ->
    [one] All events: { $count }
   *[other] All { $count } events
}
ui-overview-granted-today = Granted today
ui-overview-attempts-today = Attempts today
ui-overview-active-today = Members active today
ui-overview-granted-that-day = Granted that day
ui-overview-attempts-that-day = Attempts that day
ui-overview-active-that-day = Members active that day
ui-overview-participation = Participation
ui-overview-waiting = Waiting for a decision
ui-overview-against = against { $then }
ui-overview-until = until { $time }
ui-overview-of-members = · { $part } of { $all }
ui-overview-next-expires = · next expires { $at }
ui-overview-lines = Lines: the last { $count } days, each until { $until }.
ui-overview-day = Day
ui-overview-granted = Granted
ui-overview-attempts = Attempts
ui-overview-active = Active
ui-overview-members = Members
ui-overview-participants = With a claim
ui-overview-since-midnight = Granted since midnight
ui-overview-of-the-day = Granted that day
ui-overview-running-total = Rewards, running total by the hour, { $zone }
ui-overview-granted-finding = Rewards granted since midnight: { $count } by { $until }.
ui-overview-granted-finding-then = On { $day } there were { $part } by { $until } and { $whole } at the end of the day.
ui-overview-n-today = { $count } today
ui-overview-n-granted = { $count } granted
ui-overview-n-by = { $count } by { $until }
ui-overview-n-on = { $count } on { $day }
ui-overview-hour = Hour
ui-overview-so-far = { $hour }, until { $until }
ui-overview-attention = Needs attention
ui-overview-nothing = Nothing needs attention
ui-overview-nothing-why = No stock runs out soon, no claim waits, nothing opens or ends in the next days.
ui-overview-more-todo = { $count } more, see the events
ui-overview-todo-sells-out-today = { $reward } of { $event } sells out today
ui-overview-todo-sells-out = { $days ->
    [one] { $reward } of { $event } sells out tomorrow
   *[other] { $reward } of { $event } sells out in { $days } days
}
ui-overview-todo-sold-out = { $reward } of { $event } is sold out
ui-overview-todo-waiting = { $count ->
    [one] { $count } claim is waiting
   *[other] { $count } claims are waiting
}
ui-overview-todo-waiting-why = An undecided claim expires and returns its stock.
ui-overview-todo-no-reward = { $event } has no reward
ui-overview-todo-no-reward-why = Whoever meets its rule gets nothing until it has a reward.
ui-overview-todo-ends-today = { $event } ends today
ui-overview-todo-ends = { $days ->
    [one] { $event } ends tomorrow
   *[other] { $event } ends in { $days } days
}
ui-overview-todo-opens-today = { $event } opens today
ui-overview-todo-opens = { $days ->
    [one] { $event } opens tomorrow
   *[other] { $event } opens in { $days } days
}
ui-overview-todo-no-reward-yet = It has no reward yet.
ui-overview-todo-rewards = { $count ->
    [one] It has { $count } reward.
   *[other] It has { $count } rewards.
}
ui-overview-todo-runs-until = It runs until { $end }.
ui-overview-todo-left = { $left } of { $all } left; at { $pace } gone around { $around }. { $end }
ui-overview-running = Running events
ui-overview-running-by = By what they granted on the day
ui-overview-nothing-runs = No event is running
ui-overview-nothing-runs-why = An event says who gets what, and when.
ui-overview-no-reward = no reward
ui-overview-event = Event
ui-overview-status = Status
ui-overview-ends = Ends
ui-overview-days = 14 days
ui-overview-stock = Stock
ui-overview-until-when = Sold out around
ui-overview-none-refused = Nothing was refused
ui-overview-many-times = { $reason }: { $times ->
    [2] twice
   *[other] { $times } times
} as many refusals as on { $day }
ui-overview-most-refused = { $reason }: { $percent } % of the refusals
ui-overview-refused-today = { $count ->
    [one] { $count } refused attempt today by reason.
   *[other] { $count } refused attempts today by reason.
}
ui-overview-refused-that-day = { $count ->
    [one] { $count } refused attempt that day by reason.
   *[other] { $count } refused attempts that day by reason.
}
ui-overview-line-marks = The line marks { $moment }.
ui-overview-where-claims-stand = Where all claims stand
ui-overview-latest = Latest decisions
ui-overview-latest-order = The newest claims first
ui-overview-latest-of-now = This list exists only for now, not for an earlier moment.
ui-overview-no-claims = Nobody has claimed yet
ui-overview-no-claims-why = Claims appear here as they enter the log.
ui-overview-time = Time
ui-overview-decision = Decision
ui-overview-claim-column = Claim
ui-overview-claim = Claim that ends in { $id }
