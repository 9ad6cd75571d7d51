ui-budget-title = Budgets
ui-budget-budget = Budget
ui-budget-lead-none = The programme gives what its events say: no budget limits it.
ui-budget-lead = { $count ->
    [one] One budget is in force
   *[other] { $count } budgets are in force
}, { $short ->
    [0] and all of them leave room.
    [one] and one of them is nearly or wholly used up.
   *[other] and { $short } of them are nearly or wholly used up.
}
ui-budget-now = What is left
ui-budget-now-why = Granted and waiting claims together, in the present period. What is given back counts for the day on which it was taken.
ui-budget-then = What was left at an earlier moment. Budgets are changed as of now alone.
ui-budget-none = No budget is in force
ui-budget-none-why = Events give as much as their stock and their limits allow.
ui-budget-whose = Of
ui-budget-programme = All events
ui-budget-what = { $amount } { $per }
ui-budget-period = Period
ui-budget-used = Used
ui-budget-committed = Committed
ui-budget-left = Left
ui-budget-state = State
ui-budget-percent = { $percent } % · { $state }
ui-budget-spent = used up
ui-budget-short = nearly used up
ui-budget-room = leaves room
ui-budget-per-total = in all
ui-budget-per-month = a month
ui-budget-per-week = a week
ui-budget-per-day = a day
ui-budget-field-amount = At most
ui-budget-field-unit = Of this unit or currency
ui-budget-field-per = In
ui-budget-field-alertat = Alert at (percent)
ui-budget-add = Add a budget
ui-budget-remove = Remove
ui-budget-remove-of = Remove budget { $number }
ui-budget-change = Change the programme’s budgets
ui-budget-programme-budgets = Budgets of the programme
ui-budget-why = They limit all events together, and are checked after those of the event. A grant that does not fit is refused whole.
ui-budget-event-why = They limit what this event gives, such as points, or what it costs, such as KRW. A grant that does not fit is refused whole.
ui-budget-zone = Time zone
ui-budget-zone-why = Days, weeks and months begin here, such as Asia/Seoul.
ui-budget-save = Save the budgets
ui-budget-save-why = They hold for what is granted from now on. What is granted stays.
ui-budget-saved = The budgets are saved, and hold for what is granted from now on.
ui-budget-not-saved = { $count ->
    [one] Not saved: one field is not right yet
   *[other] Not saved: { $count } fields are not right yet
}
ui-budget-faster = Somebody was faster: the budgets were changed.
ui-budget-kept = Nothing of yours was saved, and all that you typed is still here. What is in force now stands above. Saving again replaces what they changed.
