ui-evidence-met = met
ui-evidence-unmet = not met
ui-evidence-not-needed = not met, not needed
ui-evidence-absent = not met, as required
ui-evidence-yes = yes
ui-evidence-no = no
ui-evidence-other-holds = not needed, another part holds
ui-evidence-must-not = must not be met, and is not
ui-evidence-error = The expression had no value, so it counts as not met.
ui-evidence-counted = { $count ->
    [one] 1 event counted:
   *[other] { $count } events counted:
}
ui-evidence-counted-latest = { $count } events counted, the latest:
ui-evidence-counted-more = More than { $count } events counted, the latest:
ui-evidence-recorded-on = recorded on { $day }
ui-evidence-recorded-late = recorded later
ui-evidence-strip = { $seen } of { $count } days, { $from } to { $to }
ui-evidence-of = of { $need }
