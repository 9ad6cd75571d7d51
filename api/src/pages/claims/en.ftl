ui-claims-lead = { $count ->
    [one] 1 claim: { $waiting } waiting for a decision, { $refused } refused.
   *[other] { $count } claims: { $waiting } waiting for a decision, { $refused } refused.
}
ui-claims-success = Granted or handed out
ui-claims-failed = Not granted
ui-claims-csv = As CSV
ui-claims-then = The numbers above are as of that moment. The list exists only for now and is left out; the page of each claim shows its status at that moment.
ui-claims-status = Status
ui-claims-event = Event
ui-claims-member = Member
ui-claims-member-id = Member, by id
ui-claims-reward = Reward
ui-claims-period = Period
ui-claims-asked = Asked
ui-claims-claim = Claim
ui-claims-from = From
ui-claims-to = Up to and including
ui-claims-any = Any
ui-claims-no-id = An id looks like 01a1b7c3-07d4-7b1e-9c1f-5a2be07dd1e8
ui-claims-no-day = A day looks like 2026-11-21
ui-claims-empty = No claim fits
ui-claims-empty-so = Choose another status, event, member or day.
ui-claims-all = All claims
ui-claims-away = The list cannot be shown now.
ui-claims-newest = Newest
ui-claims-older = Older
