ui-adjustments-lead = { $count ->
    [0] Nothing waits for approval.
    [one] 1 adjustment waits for somebody else’s approval.
   *[other] { $count } adjustments wait for somebody else’s approval.
}
ui-adjustments-then = Adjustments are listed as they are now, and are left out as of an earlier moment; the wallet of each member shows what they changed.
ui-adjustments-waiting = Waiting for approval
ui-adjustments-none = Nothing waits
ui-adjustments-none-so = What one person adjusts beyond the unit’s daily limit appears here.
ui-adjustments-more = The latest 50.
ui-adjustments-gives = Gives { $amount }
ui-adjustments-takes = Takes { $amount }
ui-adjustments-by = Asked by
ui-adjustments-own = Somebody else has to decide this one.
ui-adjustments-operators = Operators decide it.
ui-adjustments-note = Note
ui-adjustments-approve = Approve
ui-adjustments-reject = Reject
ui-adjustments-approved = Approved: the wallet is adjusted.
ui-adjustments-rejected = Rejected: the wallet stays as it is.
ui-adjustments-latest = Latest adjustments
ui-adjustments-nothing-yet = Nothing was adjusted yet
ui-adjustments-change = Adjustment
ui-adjustments-member = Member
ui-adjustments-decided-by = Decided by
ui-adjustments-status-pending = Waiting
ui-adjustments-status-posted = Made
ui-adjustments-status-rejected = Rejected
