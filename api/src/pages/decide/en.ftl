ui-decide-coupons = { $count ->
    [one] 1 coupon
   *[other] { $count } coupons
}
ui-decide-items = { $count ->
    [one] 1 item
   *[other] { $count } items
}
ui-decide-to-correct = 1 thing to correct
ui-decide-note-missing = Say why: a rejection is final, and the note stays in the log.
ui-decide-somebody-faster = Somebody was faster.
ui-decide-faster = { $step } by { $by } at { $at }.
ui-decide-faster-clock = { $step } at { $at }.
ui-decide-not-taken = Your decision was not taken.
ui-decide-unknown = We do not know whether it was done.
ui-decide-counts-once = Ask again: it counts once.
ui-decide-see-it = See it
ui-decide-ask-again = Ask again
ui-step-denied = Refused
ui-step-pending = Claimed: waiting for a decision
ui-step-granted = Claimed and granted
ui-step-approved = Approved
ui-step-rejected = Rejected
ui-step-expired = Expired undecided
ui-step-withdrawn = Withdrawn
ui-step-fulfilled = Handed out
ui-step-fulfilment-failed = Handing out failed
ui-step-reversed = Taken back
ui-step-credited = Credited later
