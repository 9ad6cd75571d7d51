ui-rewards-lead = { $count ->
    [0] No stock of these runs out before its event ends.
    [one] One of these runs out before its event ends.
   *[other] { $count } of these run out before their events end.
}
ui-rewards-then = These are the rewards of the events that were running at that moment.
ui-rewards-not-running = not running
ui-rewards-add = Add a reward
ui-rewards-add-now = Add it: members can claim it at once if its event is running
ui-rewards-not-known = We do not know whether it was added. Ask again: it counts once.
ui-rewards-event = Event
ui-rewards-name = Name
ui-rewards-type = Type
ui-rewards-amount = Amount of one grant
ui-rewards-quantity = Grants in stock
ui-rewards-per-member = Most grants per member
ui-rewards-list = Rewards, newest first
ui-rewards-none = No rewards yet
ui-rewards-none-why = A reward is what an event hands out.
ui-rewards-reward = Reward
ui-rewards-granted = Granted
ui-rewards-stock = Stock
ui-rewards-sold-out = Sold out around
ui-rewards-newest = Newest rewards
ui-rewards-older = Older rewards
