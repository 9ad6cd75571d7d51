ui-me-ready = { $count ->
    [one] { $count } reward is ready for you
   *[other] { $count } rewards are ready for you
}
ui-me-none-ready = Nothing to claim right now
ui-me-today-is = Today, { $weekday } { $day }
ui-me-today = today
ui-me-claim = Claim { $gain }
ui-me-claim-for = Claim { $gain } for { $price }
ui-me-ask-for-price = Ask for { $gain } for { $price }: a person looks at it
ui-me-ask-for = Ask for { $gain }: a person looks at it
ui-me-left = { $left } left
ui-me-left-of = { $left } left of { $all }
ui-me-until-once = until { $day }
ui-me-until-daily = every day until { $day }
ui-me-until-weekly = every week until { $day }
ui-me-until-monthly = every month until { $day }
ui-me-until-each = as often as you like until { $day }
ui-me-days-in-a-row = { $count ->
    [one] day in a row
   *[other] days in a row
}
ui-me-longest = { $count ->
    [one] Your longest: { $count } day.
   *[other] Your longest: { $count } days.
}
ui-me-streak-done = Today is done; the next login counts from midnight.
ui-me-streak-at-risk = Sign in again before midnight to keep it.
ui-me-streak-none = The next login begins a new row.
ui-me-on-the-way = On the way
ui-me-nothing-on-the-way = Nothing else is running
ui-me-nothing-on-the-way-how = New events appear here as soon as they open.
ui-me-later = { $count ->
    [one] { $count } event that ends later
   *[other] { $count } events that end later
}
ui-me-earlier = Back to the events that end first
ui-me-days = Your days
ui-me-heat = { $count ->
    [one] Days with an activity, { $first } to { $last }: { $count } day
   *[other] Days with an activity, { $first } to { $last }: { $count } days
}
ui-me-lately = Lately
ui-me-no-claims = You have not claimed anything yet
ui-me-no-claims-how = Your claims and their results are listed here.
ui-me-why = Why?
ui-me-part-away = This part cannot be shown now. Load the page again in a moment.
ui-me-blocked = Your claims are refused at present
ui-me-blocked-how = Your account is blocked. What you have been granted stays yours.
ui-me-invite = Invite a friend
ui-me-invite-how = A friend who signs up with your code counts once they have begun.
ui-me-invite-link = The page to sign up with your code
ui-me-copy = Copy
ui-me-copied = Copied
ui-me-friends = { $qualified ->
    [0] No friend has qualified yet, { $pending } on the way.
    [one] { $qualified } friend has qualified, { $pending } on the way.
   *[other] { $qualified } friends have qualified, { $pending } on the way.
}
ui-me-friends-title = Who came
ui-me-friend-joined = A friend, joined { $day }
ui-me-friend-qualified = Counts since { $day }
ui-me-friend-pending = On the way: has not begun yet
ui-me-friend-voided = Does not count
ui-me-no-friends = Nobody has used your code yet
ui-me-no-friends-how = Share the code, or the link to sign up.
ui-me-all = All of these
ui-me-any = One of these
ui-me-none = None of these
ui-me-not-all = Not all of these together
ui-me-of = { $have } of { $need }
ui-me-yes = yes
ui-me-no = no
ui-me-met = Done
ui-me-unmet = Still open
ui-me-dots = { $have } of { $need } days in a row; still to come: { $days }
ui-me-need-streak = { $days ->
    [one] { $days } day with { $thing }{ $window }
   *[other] { $days } days in a row with { $thing }{ $window }
}
ui-me-need-days = { $days ->
    [one] { $days } day with { $thing }{ $window }
   *[other] { $days } days with { $thing }{ $window }
}
ui-me-need-any-days = { $days ->
    [one] { $days } day with any activity{ $window }
   *[other] { $days } days with any activity{ $window }
}
ui-me-need-count = { $counted }{ $window }
ui-me-need-total = { $total } { $measure } from { $thing }{ $window }
ui-me-need-referrals = { $count ->
    [one] { $count } friend who joined{ $window }
   *[other] { $count } friends who joined{ $window }
}
ui-me-need-profile = A complete profile: nickname, about you and picture
ui-me-need-birthday = It is your birthday
ui-me-need-anniversary = It is the anniversary of the day you joined
ui-me-need-joined = You joined{ $when }
ui-me-need-rule = A rule of its own:
ui-me-need-none = Not { $thing }{ $window }
ui-me-need-not = Not: { $what }
ui-me-within = { $days ->
    [one] {" "}within a day
   *[other] {" "}in { $days } days
}
ui-me-since = {" "}since { $day }
ui-me-until = {" "}until { $day }
ui-me-since-start = {" "}since the event began
ui-thing-login = a login
ui-thing-review = a review
ui-thing-purchase = a purchase
ui-thing-session = a session
ui-thing-feedback = feedback
ui-thing-tutorial = a tutorial
ui-thing-refund = a refund
ui-thing-visit = a visit
ui-thing-survey = a survey
ui-counted-login = { $count ->
    [one] { $count } login
   *[other] { $count } logins
}
ui-counted-review = { $count ->
    [one] { $count } review
   *[other] { $count } reviews
}
ui-counted-purchase = { $count ->
    [one] { $count } purchase
   *[other] { $count } purchases
}
ui-counted-session = { $count ->
    [one] { $count } session
   *[other] { $count } sessions
}
ui-counted-feedback = { $count ->
    [one] { $count } piece of feedback
   *[other] { $count } pieces of feedback
}
ui-counted-tutorial = { $count ->
    [one] { $count } tutorial
   *[other] { $count } tutorials
}
ui-counted-refund = { $count ->
    [one] { $count } refund
   *[other] { $count } refunds
}
ui-counted-visit = { $count ->
    [one] { $count } visit
   *[other] { $count } visits
}
ui-counted-survey = { $count ->
    [one] { $count } survey
   *[other] { $count } surveys
}
ui-measure-minutes = minutes
ui-measure-amount = spent
ui-me-missing = Still missing:
ui-me-missing-streak-until = { $days ->
    [one] { $days } more day with { $thing }, by { $last }
   *[other] { $days } more days in a row with { $thing }, up to { $last }
}
ui-me-missing-streak = { $days ->
    [one] { $days } more day with { $thing }
   *[other] { $days } more days in a row with { $thing }
}
ui-me-missing-days = { $days ->
    [one] { $days } more day with { $thing }
   *[other] { $days } more days with { $thing }
}
ui-me-missing-any-days = { $days ->
    [one] { $days } more day with any activity
   *[other] { $days } more days with any activity
}
ui-me-missing-total = { $more } more { $measure } from { $thing }
ui-me-missing-referrals = { $count ->
    [one] { $count } more friend who joins
   *[other] { $count } more friends who join
}
ui-me-missing-profile = nickname, about you and picture in your profile
ui-me-missing-end = until this is over: { $what }
ui-me-then-yours = Then it is yours to claim.
ui-me-on-the-day = Claim it on the day.
ui-me-out-of-reach = There is nothing you can do for it now.
ui-me-had-all = You have reached the limit per member.
ui-me-nothing-left = None are left.
ui-me-claimed = { $status } { $when }
ui-me-next-from = The next one can be earned from { $at }.
ui-me-when-today = today { $clock }
ui-me-looked-at-until = { $gain } · A person looks at it, until { $until }
ui-me-had = You had { $seen }: { $what }.
ui-me-missed = What was missing: { $what }.
ui-me-may-again = You may claim again.
ui-me-denied-condition-unmet = You did not meet all of the event’s rule.
ui-me-denied-out-of-stock = None were left.
ui-me-denied-insufficient-points = You did not have enough points.
ui-me-denied-limit-reached = You have reached the limit per member.
ui-me-denied-event-not-active = The event was not running.
ui-me-denied-budget-exhausted = The event’s budget was used up.
ui-me-denied-member-blocked = Your claims are refused, because your account is blocked.
ui-me-title-granted = { $gain }: yours
ui-me-title-fulfilled = { $gain }: handed out
ui-me-title-pending = { $gain }: a person looks at it
ui-me-title-denied = { $gain }: not this time
ui-me-title-rejected = { $gain }: not approved
ui-me-title-expired = { $gain }: nobody decided in time
ui-me-title-fulfilment-failed = { $gain }: handing it out failed
ui-me-title-reversed = { $gain }: taken back
ui-me-lead-pending-until = It is reserved for you until { $until }. Undecided, it expires then.
ui-me-lead-granted = Granted { $when }.
ui-me-lead-fulfilled = Handed out { $when }.
ui-me-lead-rejected = It was not approved, { $when }.
ui-me-lead-expired = Nobody decided in time, so your reservation has ended.
ui-me-lead-fulfilment-failed = It is granted, but handing it out failed, { $when }.
ui-me-lead-reversed = The grant was taken back, { $when }.
ui-me-next-granted = It is handed out to you. There is nothing more to do.
ui-me-next-fulfilled = You have it. There is nothing more to do.
ui-me-next-pending = Wait for the decision; it shows here.
ui-me-next-denied = You may claim it again.
ui-me-next-expired = You may claim it again.
ui-me-next-rejected = That is final for this period.
ui-me-next-reversed = That is final for this period.
ui-me-next-fulfilment-failed = We will try again. There is nothing you need to do.
ui-me-step-pending = Asked for
ui-me-step-granted = Granted
ui-me-step-approved = Approved
ui-me-step-rejected = Not approved
ui-me-step-expired = Nobody decided in time
ui-me-step-withdrawn = Withdrawn
ui-me-step-fulfilled = Handed out
ui-me-step-fulfilment-failed = Handing it out failed
ui-me-step-reversed = Taken back
ui-me-step-denied = Refused
ui-me-asked-before = You have claimed this before; this is its status. Nothing was done twice.
ui-me-needed = What was needed
ui-me-judged = As evaluated on { $at } ({ $zone }).
ui-me-what-next = What comes next
ui-me-steps = What happened
ui-me-history = Your claims
ui-me-pages = Pages
ui-me-newest = The newest
ui-me-older = Older ones
ui-me-unknown = We do not know whether that was done
ui-me-unknown-how = The service could not answer in time. Ask again: it counts once.
ui-me-ask-again = Ask again
ui-me-joined = member since { $day }
ui-me-saved = Saved.
ui-me-incomplete = Add nickname, about you and picture to complete your profile. Some events require it.
ui-me-profile = What others see
ui-me-nickname = Nickname
ui-me-nickname-how = 2 to 30 characters; nobody else can have the same.
ui-me-bio = About you
ui-me-bio-how = Up to 500 characters.
ui-me-picture = Address of a picture
ui-me-picture-how = It has to begin with https://.
ui-me-zone = Time zone
ui-me-zone-how = It determines when your days begin and end. You can change it once in 30 days.
ui-me-zone-locked = You changed your time zone recently. You can change it again from { $at }.
ui-me-save = Save
ui-me-to-settings = Settings: language, colours, password
ui-send = Send to another member
ui-send-to = Their member ID
ui-send-to-how = They find it on their points page. Yours is
ui-send-amount-how = A whole number. What you send keeps its expiry date.
ui-send-now = Send
ui-send-sent = It was sent.
