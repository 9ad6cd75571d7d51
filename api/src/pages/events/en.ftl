ui-events-lead = { $count ->
    [0] No event is running.
    [one] One event is running, { $out ->
        [0] and its stock lasts.
       *[other] and it sells out before its end.
    }
   *[other] { $count } events are running, { $out ->
        [0] and their stock lasts.
        [one] one sells out before its end.
       *[other] { $out } sell out before their end.
    }
}
ui-events-all = All { $count }
ui-events-new = New event
ui-events-first = Make the first event
ui-events-then = These are the events that were running at that moment. Others are not shown.
ui-events-filter = Events by status
ui-events-list = Events, newest first
ui-events-none = No events yet
ui-events-none-fits = No event fits
ui-events-none-why = An event says who gets what, and when.
ui-events-event = Event
ui-events-status = Status
ui-events-window = From, until
ui-events-granted = Granted
ui-events-stock = Stock
ui-events-sold-out = Sold out around
ui-events-no-reward = no reward
ui-events-from-to = { $from } – { $to }
ui-events-until = until { $to }
ui-events-newest = Newest events
ui-events-older = Older events
