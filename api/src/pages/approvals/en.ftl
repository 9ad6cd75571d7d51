ui-approvals-waiting = { $count ->
    [0] No claim is waiting
    [one] 1 claim waiting
   *[other] { $count } claims waiting
}
ui-approvals-waited = { $count ->
    [0] No claim was waiting
    [one] 1 claim was waiting
   *[other] { $count } claims were waiting
}
ui-approvals-today = { $count ->
    [one] 1 expires today.
   *[other] { $count } expire today.
}
ui-approvals-none-today = None expires today.
ui-approvals-undecided = An undecided claim expires and returns its stock; the member may claim again.
ui-approvals-nothing = Claims of events with manual approval wait here.
ui-approvals-then = Claims cannot be listed for an earlier moment, and decisions are made now.
ui-approvals-empty = No claim is waiting
ui-approvals-empty-so = Claims of events with manual approval appear here, those that expire first on top.
ui-approvals-all-events = All events
ui-approvals-queue = Claims that wait, those that expire first on top
ui-approvals-all = Select
ui-approvals-tick = Tick some to decide them together
ui-approvals-ticked = {"{n}"} selected
ui-approvals-none-ticked = none selected
ui-approvals-approve-selected = Approve selected…
ui-approvals-reject-selected = Reject selected…
ui-approvals-group-today = Expire today
ui-approvals-group-tomorrow = Tomorrow
ui-approvals-group-later = Later
ui-approvals-claims = { $count ->
    [one] 1 claim
   *[other] { $count } claims
}
ui-approvals-select = Select the claim of { $member }
ui-approvals-own = { $count ->
    [one] 1 claim is your own: somebody else decides it.
   *[other] { $count } claims are your own: somebody else decides them.
}
ui-approvals-own-claim = This is your own claim: somebody else decides it.
ui-approvals-no-longer = This claim is no longer waiting: { $status }.
ui-approvals-more = Later ones
ui-approvals-done = { $step }, { $count } waiting
ui-approvals-take-back = Take it back
ui-approvals-unit-days = days
ui-approvals-unit-referrals = referrals
ui-approvals-left-minutes = { $minutes } min
ui-approvals-left-both = { $hours } h { $minutes } m
ui-approvals-left-hours = { $hours } h
ui-approvals-flag-late = { $count ->
    [one] 1 fact came late
   *[other] { $count } facts came late
}
ui-approvals-flag-burst = { $count } referrals in one hour
ui-approvals-flag-unmet = no longer met
ui-approvals-key-jk = next, previous
ui-approvals-key-a = approve
ui-approvals-key-r = reject
ui-approvals-key-n = note
ui-approvals-key-x = select
ui-approvals-key-o = open
ui-approvals-key-all = all keys
ui-approvals-selected = The selected claim
ui-approvals-claim = Claim
ui-approvals-open = Open the claim
ui-approvals-asked = asked { $at }
ui-approvals-card = { $reward }, { $amount }, for
ui-approvals-judged = judged by rule v{ $version }, { $period }
ui-approvals-needs = What was asked, what was seen
ui-approvals-member = The member
ui-approvals-all-of-it = all of it
ui-approvals-email = E-mail
ui-approvals-since = Since
ui-approvals-blocked = Blocked
ui-approvals-is-blocked = yes: new claims are refused
ui-approvals-unknown = none
ui-approvals-no-account = no account; imported, or erased
ui-approvals-away = This cannot be shown now.
ui-approvals-claims-so-far = { $granted } granted, { $refused } refused, { $back } taken back
ui-approvals-latest = of the latest 200: { $said }
ui-approvals-waiting-too = Waiting too
ui-approvals-waiting-count = { $count ->
    [0] none
   *[other] { $count }
}
ui-approvals-stock = Stock
ui-approvals-left-of = { $left } left of { $all }; this one is held already
ui-approvals-no-limit = without limit
ui-approvals-late = { $count ->
    [one] 1 counted fact came late.
   *[other] { $count } counted facts came late.
}
ui-approvals-late-so = Recorded more than 24 hours after they happened.
ui-approvals-burst = { $count } referrals qualified within an hour.
ui-approvals-burst-so = People who join one by one seldom do.
ui-approvals-unmet = With the facts known now, the rule is not met.
ui-approvals-unmet-so = { $count ->
    [0] No counted fact was taken out; other facts have become known.
    [one] 1 event since then took out facts that counted.
   *[other] { $count } events since then took out facts that counted.
}
ui-approvals-note = Note
ui-approvals-note-stays = Stays in the log for ever. No personal data.
ui-approvals-approve = Approve
ui-approvals-reject = Reject
ui-approvals-grants = grants { $amount }
ui-approvals-returns = returns the stock; final
ui-approvals-bulk-approve = { $count ->
    [one] Approve 1 claim?
   *[other] Approve { $count } claims?
}
ui-approvals-bulk-reject = { $count ->
    [one] Reject 1 claim?
   *[other] Reject { $count } claims?
}
ui-approvals-bulk-approve-so = Each is granted by itself. A claim that somebody else decides meanwhile is not changed.
ui-approvals-bulk-reject-so = Each is rejected for good and returns its stock. A claim that somebody else decides meanwhile is not changed.
ui-approvals-bulk-approve-button = { $count ->
    [one] Approve 1 claim
   *[other] Approve { $count } claims
}
ui-approvals-bulk-reject-button = { $count ->
    [one] Reject 1 claim
   *[other] Reject { $count } claims
}
ui-approvals-bulk-grants = { $count ->
    [one] grants 1 reward
   *[other] grants { $count } rewards
}
ui-approvals-bulk-stock = { $count } of these; { $left } left of { $all }, and these are held already
ui-approvals-bulk-no-limit = { $count } of these; without limit
ui-approvals-bulk-flagged = { $count ->
    [0] none of them
    [one] 1 of them: look at it first
   *[other] { $count } of them: look at these first
}
ui-approvals-bulk-gone = { $count ->
    [one] 1 that you selected is left out: it is no longer waiting, or it is your own.
   *[other] { $count } that you selected are left out: they are no longer waiting, or they are your own.
}
ui-approvals-flags = Flags
ui-approvals-reward = Reward
ui-approvals-expires = Expires
ui-approvals-result = Result
ui-approvals-cancel = Not now
ui-approvals-back = Back to the queue
ui-approvals-results-approved = { $done } of { $count } approved
ui-approvals-results-rejected = { $done } of { $count } rejected
ui-approvals-results-so = { $count ->
    [0] All of them are done.
    [one] 1 was not changed; the reason is beside it.
   *[other] { $count } were not changed; the reasons are beside them.
}
ui-approvals-code-step-not-allowed = Somebody was faster
ui-approvals-code-claim-expired = Already expired
ui-approvals-code-own-claim = Your own claim
ui-approvals-code-not-found = There is no such claim
