ui-editor-title = Change { $name }
ui-editor-title-new = A new event
ui-editor-title-then = Nothing is written as of then
ui-editor-then = An earlier moment is shown. Events are written as of now alone.
ui-editor-lead = Whatever is changed here is tried on everything that has happened; nothing is decided again, and nothing is saved until you say so.
ui-editor-rule = The rule
ui-editor-what = What it asks
ui-editor-whole-rule = the whole rule
ui-editor-part-number = part { $number }
ui-editor-as-json = Write it as JSON
ui-editor-as-sentences = Show it as sentences
ui-editor-json = The rule as JSON
ui-editor-json-why = A tree as the API reads it, or one of the shorthands in quotation marks.
ui-editor-no-json = The rule is not JSON
ui-editor-do-part = Add a part
ui-editor-do-group = Add a group
ui-editor-do-up = Move up
ui-editor-do-down = Move down
ui-editor-do-not = Not
ui-editor-do-remove = Remove
ui-editor-do-to = { $what }: { $part }
ui-group-all = All of these
ui-group-any = At least one of these
ui-group-not = Not this
ui-question-streak = Days in a row
ui-question-activedays = Days with an activity
ui-question-count = How many activities
ui-question-total = A total
ui-question-referrals = Friends who qualified
ui-question-profilecomplete = Complete profile
ui-question-birthday = Birthday
ui-question-joinanniversary = Anniversary of joining
ui-question-joined = When they joined
ui-question-cel = An expression
ui-editor-leaf-streak = |days| days or more with |kind| |since|
ui-editor-leaf-activedays = |days| days or more with |kind| within |within| days |since|
ui-editor-leaf-count = |count| or more of |kind| within |within| days |since|
ui-editor-leaf-total = |total| or more |measure| from |kind| within |within| days |since|
ui-editor-leaf-referrals = |count| or more |since|
ui-editor-leaf-profilecomplete = Nickname, bio and picture are set.
ui-editor-leaf-birthday = It is the member’s birthday.
ui-editor-leaf-joinanniversary = It is the day on which they joined, in a later year.
ui-editor-leaf-joined = within the last |within| days, from |from| to |to|
ui-editor-leaf-cel = is true: |expression|
ui-editor-field-kind = Activity
ui-editor-field-measure = Measure
ui-editor-field-days = Days
ui-editor-field-count = Number
ui-editor-field-total = Total
ui-editor-field-within = Within so many days; empty is any time
ui-editor-field-since = Counted since
ui-editor-field-sinceday = Since the day
ui-editor-field-from = Joined on this day or later
ui-editor-field-to = Joined on this day or earlier
ui-editor-field-expression = Expression
ui-editor-since-ever = at any time
ui-editor-since-start = since the event starts
ui-editor-since-day = since a day
ui-editor-any = any
ui-editor-not-saved = { $count ->
    [one] Not saved: one field is not right yet
   *[other] Not saved: { $count } fields are not right yet
}
ui-editor-event = Name and time
ui-editor-terms = How often and how much
ui-editor-test = What the test hands out
ui-editor-test-of = As “{ $reward }” does. It is not saved: stock is changed on the page of the reward.
ui-editor-test-free = It is not saved: a reward is added once the event is there.
ui-editor-term-name = Name
ui-editor-term-description = Description
ui-editor-term-startdate = Starts
ui-editor-term-enddate = Ends
ui-editor-term-timezone = Time zone
ui-editor-term-frequency = One claim a member
ui-editor-term-approval = Claims are decided
ui-editor-term-pendingexpiresafter = An undecided claim expires after
ui-editor-term-maxrewardcount = Grants of the event at most
ui-editor-term-permemberlimit = Grants to one member at most
ui-editor-term-quantity = Stock
ui-editor-term-limit = Grants of it to one member at most
ui-editor-term-points = Points of a grant
ui-editor-term-window = Tried over
ui-editor-approval-automatic = at once, by the rule
ui-editor-approval-manual = by hand
ui-editor-window-own = the time of the event
ui-editor-window-latest = the latest time as long
ui-editor-window-why = What has not happened yet cannot be tried: take the latest time for an event that is to come.
ui-editor-zone-why = Days, weeks and months begin here, such as Asia/Seoul.
ui-editor-frequency-why = It stays once somebody has claimed.
ui-editor-expires-why = Such as 72h, 3d or 90m; for claims that are decided by hand.
ui-editor-empty-unlimited = Empty is without limit.
ui-editor-empty-no-points = Empty: it gives none, and uses up no budget of points.
ui-editor-in-zone = In { $zone }
ui-editor-moment-there = In the event’s zone; { $moment } in { $zone }
ui-editor-tried = On everything that happened
ui-editor-try = Try it
ui-editor-waits = { $count } positions of the log are read for it. Try it when the rule is as you want it.
ui-editor-not-right = { $count ->
    [one] One field is not right yet, so that it cannot be tried.
   *[other] { $count } fields are not right yet, so that it cannot be tried.
}
ui-editor-busy = Somebody else is trying a draft. Try it again in a moment.
ui-editor-too-often = That was tried very often. Try it again in a minute.
ui-editor-too-long = It could not be tried in time. Try it again, or over a shorter time.
ui-editor-measure = Everybody asks as soon as the rule is met, { $from } to { $to }; the log up to position { $position }.
ui-editor-version = Version { $version }
ui-editor-draft = Draft
ui-editor-difference = Difference
ui-editor-granted = Granted
ui-editor-sold-out = Sold out
ui-editor-never = never
ui-editor-in-vain = Came too late for stock
ui-editor-over-budget = No room in a budget
ui-editor-given = Sum of { $unit }
ui-editor-could-ask = Members who could ask
ui-editor-growth = Grants, added up by day
ui-editor-until = sold out { $at }
ui-editor-lasts = the stock lasts
ui-editor-would-grant = { $count ->
    [one] { $count } would have been granted; { $until }.
   *[other] { $count } would have been granted; { $until }.
}
ui-editor-same = The same as version { $version }: { $count } granted, { $until }.
ui-editor-as-many = { $count } granted, as many as by version { $version }.
ui-editor-as-many-until = { $count } granted, as many as by version { $version }, but sold out { $now } instead of { $before }.
ui-editor-more = { $count } more than by version { $version }: { $now } granted instead of { $before }; { $until }.
ui-editor-fewer = { $count } fewer than by version { $version }: { $now } granted instead of { $before }; { $until }.
ui-editor-days-later = { $count } days later
ui-editor-days-earlier = { $count } days earlier
ui-editor-hours-later = { $count } h later
ui-editor-hours-earlier = { $count } h earlier
ui-editor-who = Who wins and who does not
ui-editor-who-all = All winners of both compared.
ui-editor-who-before = The first 100 winners of each compared, up to { $before }.
ui-editor-who-too-many = More than 100 win at the same moment, so that they cannot be compared by name.
ui-editor-who-more = { $count ->
    [0] Nobody wins by the draft alone
    [one] { $count } wins by the draft alone:
   *[other] { $count } win by the draft alone:
}
ui-editor-who-fewer = { $count ->
    [0] Nobody wins no more
    [one] { $count } wins no more:
   *[other] { $count } win no more:
}
ui-editor-and-more = and { $count } more
ui-editor-draft-count = draft { $count }
ui-editor-force-count = v{ $version } { $count }
ui-editor-until-day = Until
ui-editor-create = Create the event
ui-editor-opens = It opens { $at } ({ $zone }). Members can claim once it has a reward.
ui-editor-runs = It runs at once. Members can claim once it has a reward.
ui-editor-save = Save the changes
ui-editor-save-version = Save version { $version } of the rule
ui-editor-decided-stays = What is decided stays. From now on claims are decided by the new version.
ui-editor-rule-stays = The rule stays version { $version }, and what is decided stays.
ui-editor-has-ended = The event has ended: a change can be tried, and not saved.
ui-editor-not-known = We do not know whether it was saved.
ui-editor-ask-again = Save again: it counts once.
ui-editor-faster = Somebody was faster: the event was changed. Its rule is version { $version } now: { $rule }.
ui-editor-kept = Nothing of yours was saved, and all that you typed is still here, beside the version that is in force now. Saving again replaces what they changed.
