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
ui-rewards-value-codes = Each coupon has a code
ui-rewards-value-maxuses = Uses of a coupon
ui-rewards-value-bound = Its member alone may use it
ui-rewards-yes = yes
ui-rewards-no = no
ui-rewards-value-price-amount = Price of a claim
ui-rewards-value-price-unit = Unit of the price
ui-rewards-value-unit = Unit of the points
ui-rewards-value-expiry = The points or the coupon expire
ui-rewards-value-expiry-days = Days until they expire
ui-rewards-value-expiry-date = Last day of use
ui-rewards-value-availableafterdays = Days until they can be used
ui-rewards-value-cost-amount = Cost of a grant to the programme
ui-rewards-value-cost-currency = Currency of the cost
ui-rewards-expiry-unit = as set for the unit
ui-rewards-expiry-never = never
ui-rewards-expiry-days = a number of days later
ui-rewards-expiry-month = at the end of the month in which those days are over
ui-rewards-expiry-year = at the end of the year in which those days are over
ui-rewards-expiry-date = after a fixed day
ui-rewards-list = Rewards, newest first
ui-rewards-none = No rewards yet
ui-rewards-none-why = A reward is what an event hands out.
ui-rewards-reward = Reward
ui-rewards-granted = Granted
ui-rewards-stock = Stock
ui-rewards-sold-out = Sold out around
ui-rewards-newest = Newest rewards
ui-rewards-older = Older rewards
