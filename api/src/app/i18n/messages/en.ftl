# What the service says to people, in English. Every message stands in ko.ftl too, with the same variables; a test
# compares the two files with the codes (`problem/codes.rs`) and the phrases (`i18n/phrases.rs`).

## Problems: the title, what it means, and what to do about it

# the request itself
problem-malformed_json = The body is not JSON
    .about = The body could not be read as JSON: the syntax is broken, the bytes are not UTF-8, or a text holds the character NUL.
    .remedy = Send one JSON document in UTF-8.
problem-validation_failed = The request breaks a rule
    .about = At least one field of the body, the query or the headers breaks a rule; `errors` names them, at most 20.
    .remedy = Correct the fields in `errors` and send the request again.
problem-invalid_cursor = Invalid cursor
    .about = The cursor was not issued for this list, this filter and this caller.
    .remedy = Start the list again without a cursor, and pass `nextCursor` unchanged.
problem-idempotency_key_invalid = Invalid Idempotency-Key
    .about = The header Idempotency-Key must be sent once, with 1 to 255 printable ASCII characters.
    .remedy = Send one key, for example a random UUID.
problem-idempotency_key_reused = The idempotency key was used for another request
    .about = Another method, path, query or body was answered under this key before.
    .remedy = Use a new key for a new request; to repeat a request, send exactly the same one.
problem-idempotency_key_in_progress = A request with this idempotency key is in progress
    .about = An earlier request with this key has not been answered yet.
    .remedy = Wait a moment and send the same request again.
problem-body_too_large = The body is too large
    .about = The body is larger than this resource accepts; `limitBytes` is the limit.
    .remedy = Send less at once.
problem-record_too_large = The event to record is too large
    .about = The event that would be appended to the log is larger than an event may be: `bytes` is its size, `limit` the limit.
    .remedy = Shorten the texts of the request, or leave parts of it out.
problem-unsupported_media_type = The body must have the type application/json
    .about = The header Content-Type does not say that the body is JSON, or Content-Encoding names an encoding that is not accepted.
    .remedy = Send Content-Type: application/json, and the body unencoded or in one encoding that Accept-Encoding of the answer names.
problem-changed_meanwhile = The resource has changed since it was read
    .about = The header If-Match does not match the current version.
    .remedy = Read the resource again, and repeat the request with the ETag of that answer.
problem-rate_limited = Too many requests
    .about = The caller has exceeded its limit; the fields RateLimit-Policy and RateLimit describe it.
    .remedy = Wait as long as Retry-After says.

# who asks, and for what
problem-unauthenticated = A valid access token is needed
    .about = There is no access token, or it was not issued here or is revoked.
    .remedy = Log in and send Authorization: Bearer with the access token.
problem-token_expired = The access token has expired
    .about = Access tokens are valid for 15 minutes.
    .remedy = Get a new one with POST /auth/refresh.
problem-token_outdated = The access token was issued before the account's role changed
    .about = The account has another role by now.
    .remedy = Get a new one with POST /auth/refresh, or log in again.
problem-invalid_credentials = The e-mail or the password is wrong
    .about = No account has this e-mail and this password.
    .remedy = Check both, and try again.
problem-refresh_token_reused = The refresh token was used before
    .about = The refresh token was used before. It may have been stolen, so the session was ended.
    .remedy = Log in again.
problem-forbidden = Not allowed in this role
    .about = The role of the account does not allow this.
    .remedy = Use an account with the right role, or ask an administrator for it.
problem-not_found = Not found
    .about = There is no such resource, or it belongs to somebody else.
    .remedy = Check the address and the id.
problem-method_not_allowed = Method not allowed
    .about = The resource does not support this method; the header Allow names those it supports.
    .remedy = Use one of the methods in Allow.

# accounts
problem-email_taken = Another account has this e-mail
    .about = E-mail addresses are unique, regardless of case.
    .remedy = Log in instead, or use another e-mail.
problem-nickname_taken = Another member has this nickname
    .about = Nicknames are unique, regardless of case.
    .remedy = Choose another nickname.
problem-invite_code_unknown = Nobody has this invite code
    .about = The invite code belongs to no member. Nothing was created.
    .remedy = Check the code, or sign up without it.
problem-time_zone_locked = The time zone was changed less than 30 days ago
    .about = The time zone may be changed once in 30 days; `allowedAt` says when it may be changed again.
    .remedy = Wait until `allowedAt`.
problem-unknown_role = There is no such role
    .about = The role must be USER, OPERATOR, AUDITOR, ADMIN or SERVICE.
    .remedy = Send one of these roles.
problem-same_role = The account has this role already
    .about = The change would change nothing.
    .remedy = Nothing needs to be done.
problem-own_role = Nobody may change their own role
    .about = Another administrator must change it.
    .remedy = Ask another administrator.
problem-own_block = Nobody may block or unblock their own account
    .about = Another operator must do it, unless SEPARATION_OF_DUTIES is off.
    .remedy = Ask another operator.
problem-last_admin = The last administrator must remain
    .about = Without this account there would be no administrator.
    .remedy = Make another account administrator first.

# events and rewards
problem-event_name_taken = Another event has this name
    .about = Names of events are unique, regardless of case.
    .remedy = Choose another name.
problem-event_in_use = The event already has claims
    .about = Frequency and time zone cannot change after the first claim.
    .remedy = Create another event.
problem-below_committed = The limit would be below what is committed
    .about = More is granted or held than the new limit allows.
    .remedy = Choose a higher limit.
problem-unlimited_stock = The stock of the reward has no limit
    .about = The reward was created without a quantity.
    .remedy = Create a reward with a quantity.
problem-step_not_allowed = Not allowed in the current status
    .about = The step is not possible from the current status, which is in `from`.
    .remedy = Read the resource, and choose a step that is possible from its status.

# claims
problem-reward_unknown = Unknown reward
    .about = No reward has this id, or the event does not have it.
    .remedy = Check the id of the reward.
problem-member_unknown = Unknown member
    .about = No member has this id.
    .remedy = Check the id of the member.
problem-member_blocked = The member is blocked
    .about = Claims of this member are refused.
    .remedy = Ask an operator.
problem-already_claimed = The reward was already claimed in this period
    .about = A member can claim a reward once in a period; `claimId` is the existing claim.
    .remedy = Look at the existing claim, or wait for the next period.
problem-event_not_active = The event is not active
    .about = The event has not started, is paused, or is over.
    .remedy = Claim again while the event is active.
problem-condition_unmet = The condition is not met
    .about = `evidence` shows for every part of the condition what was needed and what was seen.
    .remedy = Claim again when the missing parts are met.
problem-limit_reached = The member has reached the limit
    .about = The reward or the event limits the grants per member, or the unit the transfers of a day (`limit`).
    .remedy = Nothing can be done while the limit is in force.
problem-budget_exhausted = A budget leaves no room for the grant
    .about = The event or the programme limits what is given; `budget` says what in which period, how much is committed, and how much the grant needs (`grants`: of the rewards of an event together).
    .remedy = Claim again in the next period, when a grant was given back or the budget was raised.
problem-out_of_stock = The reward is sold out
    .about = The whole stock of the reward is granted or held.
    .remedy = Claim again when a grant was given back or the stock was raised.
problem-insufficient_points = There are too few points
    .about = Less can be used than is asked for: `need` and `have` say how much, `unit` of what.
    .remedy = Ask for less, or again when there is more.
problem-too_many_lots = Too many lots would be used
    .about = One payment uses a limited number of lots, and as many of them cover no more than `covers`.
    .remedy = Ask for at most `covers`, several times.
problem-claim_expired = The claim has expired
    .about = Nobody decided the claim in time.
    .remedy = The member may claim again.
problem-own_event = Nobody may claim in an event of their own
    .about = The member has created or changed the event or one of its rewards, and SEPARATION_OF_DUTIES is on. Nothing is recorded.
    .remedy = Leave events that you take part in to other operators.
problem-own_claim = Nobody may decide their own claim
    .about = Another operator must decide it.
    .remedy = Leave the decision to another operator.

# value
problem-unit_unknown = Unknown unit
    .about = No unit has this code.
    .remedy = Check the code: `GET /units` lists the units.
problem-unit_code_taken = The unit already exists
    .about = A code names one unit for ever, and this one is taken.
    .remedy = Choose another code, or change the unit that has it.
problem-right_missing = The service lacks a right
    .about = The service account was created without the right that `right` names.
    .remedy = Use a service account that has it: `reward-ledger service create NAME --may …`.
problem-reference_conflict = The reference was used for something else
    .about = A request with the same reference, but other content, was made before.
    .remedy = Repeat the request as it was, or choose another reference.
problem-hold_expired = The hold has expired
    .about = What was held was not captured or released in time. It was free again at the moment in `at`.
    .remedy = Ask again under another reference.
problem-amount_exceeds_hold = More is to be captured than is held
    .about = The payment holds no more than `held`.
    .remedy = Capture at most `held`, and ask for a payment of the rest.
problem-refund_exceeds_spend = More is to be refunded than was paid
    .about = Of what was paid, no more than `refundable` is left to refund.
    .remedy = Refund at most `refundable`.
problem-own_wallet = Nobody changes a wallet of their own
    .about = An adjustment is asked for and decided by people whose wallet it is not.
    .remedy = Leave it to another operator.
problem-own_adjustment = Nobody decides an adjustment that they asked for
    .about = Somebody else has to agree with it, or say no.
    .remedy = Leave the decision to another operator.
problem-transfers_off = Members do not send this unit to each other
    .about = `transfersPerDay` of the unit is 0.
    .remedy = Nothing can be sent while that is so.
problem-reward_has_no_codes = The reward hands out no codes
    .about = The reward was not created with `codes: true`.
    .remedy = Create a COUPON reward with `codes: true`.
problem-coupon_unknown = There is no such coupon
    .about = Nobody was granted a coupon with this code, or it is bound to another member.
    .remedy = Check the code, and name the member in `memberId` if the coupon is bound. After 60 unknown codes in a minute, wait.
problem-coupon_used = The coupon is used
    .about = All uses of the coupon are made or promised.
    .remedy = Ask for another coupon, or roll a use back.
problem-coupon_expired = The coupon has expired
    .about = The coupon was good until the moment in `at`.
    .remedy = Ask for another coupon.
problem-coupon_voided = The coupon is void
    .about = The coupon, or the grant that handed it out, was taken back.
    .remedy = Ask for another coupon.

# activities
problem-activity_conflict = The source reported different content under this id
    .about = An activity with the same source and id, but another member, kind, moment, time zone or measures, was reported before.
    .remedy = Report a new activity under a new id.
problem-source_reserved = The source is reserved
    .about = The source `ledger` belongs to the service itself.
    .remedy = Report under the name of your own source.
problem-own_activity = Nobody may report facts about themselves
    .about = The fact is about whoever reports or voids it, and SEPARATION_OF_DUTIES is on.
    .remedy = Leave it to another operator, or to the service that knows the fact.
problem-source_not_allowed = The caller may not report for this source
    .about = The service account was created for other sources.
    .remedy = Report under a source that the account was created with.

# the service itself
problem-overloaded = Overloaded; the request was not tried
    .about = More requests are waiting than can be answered in time.
    .remedy = Wait as long as Retry-After says and send the same request again.
problem-unavailable = Temporarily unavailable
    .about = A dependency cannot be reached. It is not known whether a change took effect.
    .remedy = Send the same request again, with the same Idempotency-Key.
problem-projection_behind = The read model is behind
    .about = The read model has not reached Ledger-Min-Position yet; `position` says how far it is.
    .remedy = Wait a moment and repeat the request.
problem-internal = Internal error
    .about = A defect of the service. It is logged under the id in `instance`.
    .remedy = Tell the operators the id in `instance`.

## Details: what a title does not say

detail-not-json-at = The text is not JSON at line { $line }, column { $column }.
detail-nul = A text holds the character NUL.
detail-too-deep = The text is nested deeper than { $depth }.
detail-not-decodable = The body is not what its Content-Encoding says: { $encoding }.
detail-body-too-slow = The body did not arrive in time.
detail-codes-are-a-table = Codes are sent as text/csv or application/x-ndjson, not compressed.
detail-took-too-long = The request took too long.
detail-database-away = The database cannot be reached.

## Messages of answers that are no problem

message-claims = These are the claims.
message-claim-granted = The reward is yours.
message-claim-pending = Your claim awaits a decision.
message-rewards = These are the rewards.
message-reward = This is the reward.
message-reward-created = The reward is created.
message-reward-changed = The reward is changed.
message-you = This is you.
message-profile-changed = Your profile is changed.
message-role-changed = The role is changed.
message-member-blocked = The member is blocked.
message-member-unblocked = The member is unblocked.
message-claim-approved = The claim is approved.
message-claim-rejected = The claim is rejected.
message-claim-fulfilled = The reward is handed out.
message-claim-fulfilment-failed = Handing the reward out failed.
message-claim-reversed = The grant is taken back.

## Why a claim stands where it stands

explain-needed = Needed: { $what }. Seen: { $have }.
explain-unwanted = Must not hold: { $what }. Seen: { $have }.
explain-yes = yes
explain-no = no
explain-streak = { $days ->
        [one] one day
       *[other] { $days } days in a row
    } with “{ $kind }”
explain-active-days = { $days ->
        [one] one day
       *[other] { $days } days
    } with “{ $kind }”
explain-any-active-days = { $days ->
        [one] one day
       *[other] { $days } days
    } with any activity
explain-count = “{ $kind }” { $count ->
        [one] once
       *[other] { $count } times
    }
explain-total = { $total } “{ $measure }” in total from “{ $kind }”
explain-referrals = { $count ->
        [one] one qualified referral
       *[other] { $count } qualified referrals
    }
explain-profile = a complete profile
explain-birthday = the member’s birthday
explain-anniversary = the anniversary of joining
explain-expression = that this is true: { $expression }
explain-joined = having joined
explain-within = { $what }, within { $days ->
        [one] the last day
       *[other] the last { $days } days
    }
explain-since = { $what }, since { $date }
explain-until = { $what }, until { $date }
explain-since-event-start = { $what }, since the event started
explain-more-in-a-row = { $more ->
        [one] one more day
       *[other] { $more } more days
    } in a row with “{ $kind }”
explain-more-days = { $more ->
        [one] one more day
       *[other] { $more } more days
    } with “{ $kind }”
explain-more-days-of-any = { $more ->
        [one] one more day
       *[other] { $more } more days
    } with any activity
explain-more-times = “{ $kind }” { $more ->
        [one] once more
       *[other] { $more } more times
    }
explain-more-in-total = { $more } more “{ $measure }” from “{ $kind }”
explain-more-referrals = { $more ->
        [one] one more qualified referral
       *[other] { $more } more qualified referrals
    }
explain-complete-profile = Complete the profile: nickname, bio and picture.
explain-open-profile = The profile must not be complete.
explain-wait = Ask again when the day has come: { $what }.
explain-let-pass = Ask again when this no longer holds: { $what }.
explain-granted = The condition was met, and the reward was granted.
explain-approved = The condition was met, and { $actor } approved the claim.
explain-pending = The condition was met. The claim waits for a decision until { $until }.
explain-expired = Nobody decided the claim before { $at }. It may be asked for again.
explain-rejected = The condition was met, but { $actor } rejected the claim.
explain-withdrawn = The condition was met, but the member’s account was erased before anybody decided. What was held is free again.
explain-fulfilled = The reward was granted and handed out, as { $actor } noted.
explain-fulfilment-failed = The reward was granted, but handing it out failed, as { $actor } noted. It may be tried again.
explain-reversed = The reward was granted, but { $actor } took the grant back.
explain-blocked = The claims of this member were refused, because the member was blocked.
explain-not-started = The event had not started. It starts at { $at }.
explain-paused = The event was paused.
explain-over = The event was over. It ended at { $at }.
explain-ended = The event had been ended.
explain-unmet = The condition was not met.
explain-limit-of-reward = The member had all { $limit } grants of this reward that one member may have.
explain-limit-of-event = The member had all { $limit } grants in this event that one member may have.
explain-limits = The member had all grants that one member may have: { $reward } of this reward, { $event } in this event.
explain-budget = All { $winners } grants of the event were taken before, the last one at position { $position } of the log.
explain-no-budget = The event had no grants left.
explain-budget-of-event = A grant needs { $need } { $unit }, and of the { $amount } that the event gives in { $period }, { $committed } were given or promised.
explain-budget-of-programme = A grant needs { $need } { $unit }, and of the { $amount } that the programme gives in { $period }, { $committed } were given or promised.
explain-sold-out = All { $winners } grants of the reward were taken before, the last one at position { $position } of the log.
explain-no-stock = The reward had no grants left.
explain-too-few-points = It costs { $need } { $unit }, and { $have } could be used.
explain-price-held = { $amount } { $unit } are held for it until somebody decides.
explain-price-paid = { $amount } { $unit } were paid for it.
explain-price-given-back = Its price was given back: { $amount } { $unit }.
explain-credited = It credited { $amount } { $unit }, which can be used from { $from } on.
explain-credited-until = It credited { $amount } { $unit }, which can be used from { $from } until { $until }.
explain-coupon = It handed out a coupon with a code, which never expires.
explain-coupon-until = It handed out a coupon with a code, which can be used until { $until }.
explain-coupon-voided = It handed out a coupon, which the reversal made void: its code returns to nobody.
explain-taken-back = Of its credit, { $taken } { $unit } were taken back, { $owed } are owed and { $written_off } were written off.
explain-step-denied = Refused: { $reason }.
explain-step-pending = Asked for; waits for a decision.
explain-step-granted = Granted.
explain-step-approved = Approved by { $actor }.
explain-step-rejected = Rejected by { $actor }.
explain-step-expired = Expired: nobody decided in time.
explain-step-withdrawn = Withdrawn: the account was erased.
explain-step-fulfilled = Handed out, noted by { $actor }.
explain-step-fulfilment-failed = Handing it out failed, noted by { $actor }.
explain-step-reversed = Taken back by { $actor }.
explain-step-credited = Credited later.

## Rules: exactly what is said in English where they are checked (`i18n/rules.rs`). Texts without variables stand
## before those with variables that they would fit.

rule-required = is required
rule-unknown = is not known here
rule-twice = must not be there twice
rule-change = must change something
rule-no-utf8 = is not UTF-8
rule-no-codes = has no codes
rule-code-taken = is a code that is there already
rule-code-line = must be an object with a text `code` and nothing else
rule-codes-alone = is for rewards with `codes: true` alone
rule-codes-of-coupons = only coupons have codes
rule-codes-are-the-stock = a reward with codes grants one at a time, and has as many as there are codes
rule-code-characters = must have visible ASCII characters alone, and no comma, quote or space
rule-code-alphabet = an alphabet has 2 to 36 different characters of A-Z and 0-9
rule-code-check-character = only an alphabet with an odd number of characters has a check character
rule-characters = must not hold control characters
rule-characters-of-lines = must not hold control characters but line breaks
rule-invisible = must not hold invisible characters
rule-too-common = must not be one of the most common passwords
rule-string = must be a string
rule-whole-number = must be a whole number
rule-boolean = must be true or false
rule-list = must be a list
rule-object = must be an object
rule-conditions = must be a list of conditions
rule-condition = must be a condition
rule-email = must be an e-mail address
rule-url = must be an address that starts with https://
rule-uuid = must be a UUID
rule-name = must be [a-z][a-z0-9_.-]{"{"}0,63{"}"}
rule-zone = must be an IANA time zone such as Asia/Seoul
rule-unit-zone = must be `member` or an IANA time zone
rule-date = must be a date: YYYY-MM-DD
rule-instant = must be RFC 3339 with an offset, as 2026-11-21T08:00:00Z
rule-instant-or-date = must be RFC 3339 with an offset, or a date
rule-not-before-1970 = must not be before 1970
rule-not-ahead = must not be more than five minutes ahead
rule-position = must be a position: a whole number from 0
rule-entity-tag = must be *, or entity tags such as "7"
rule-pairs = must be name=value pairs
rule-key = must be there once, with 1 to 255 printable ASCII characters
rule-not-zero = must not be 0
rule-after-from = must be after `from`
rule-not-before-from = must not be before `from`
rule-after-start = must be after `startDate`
rule-hours = must be a whole number of s, m, h or d, from 1s to 365d, such as 72h
rule-limited-twice = is perMemberLimit 1, beside another number
rule-type-of-path = is not the type that the path names
rule-for-whom = a service says for whom it asks
rule-for-others = only a service asks for somebody else
rule-progress-for-whom = a service says whose progress it asks for
rule-progress-for-others = only a service asks about somebody else
rule-one-key = must have exactly one key
rule-no-condition-field = is not a field of this condition
rule-not-empty = must not be empty
rule-within = must be a number of days: 1d to 9999d
rule-from-before-to = `from` must not be after `to`
rule-whose-claims = is required: whose claims are asked as claimed
rule-not-beyond-position = must not be beyond the end of the log, which is position { $head }
rule-not-beyond = must not be beyond the end of the log
rule-not-in-future = must not be in the future
rule-not-beside-position = must not be there beside `{ $name }`
rule-not-without = must not be there without `{ $name }`
rule-required-unless = is required unless `{ $name }` is true
rule-birth-date = must be a day from { $year } until today
rule-cel-length = must have from { $min } to { $max } characters, and no control characters
rule-cel-bounds = must not have more than { $operators } characters of operators, { $nodes } nodes, { $levels } levels and { $calls } different calls
rule-cel-syntax = must be an expression of the Common Expression Language
rule-cel-variable = knows no variable `{ $name }`; known are { $names }
rule-cel-function = knows no function `{ $name }`; known are { $names }
rule-cel-arguments = `{ $name }` must be called as { $form }, with literals: names as "login", days from 1 to 3660
rule-cel-macro = must not use has, all, exists, exists_one, map or filter
rule-cel-left-out = must not use { $what }
rule-cel-types = `{ $operator }` does not take these types
rule-cel-boolean = must be true or false, not a number or a text
rule-characters-from-to = must have from { $min } to { $max } characters
rule-characters-at-most = must have at most { $max } characters
rule-measures-at-most = must have at most { $max } measures
rule-codes-at-once = has at most { $max } lines
rule-code-repeated = is the code of line { $line } again
rule-code-length-to = must have { $min } to { $max } characters
rule-code-random = a code has from 1 to { $max } random characters
rule-code-prefix = a prefix has at most { $max } characters of A-Z, 0-9 and -
rule-code-guessable = for { $count } codes, at least { $length } random characters of this alphabet are needed
rule-codes-of-a-reward = a reward has at most { $max } codes
rule-bytes-at-most = must have at most { $max } bytes
rule-items-from-to = must have from { $min } to { $max } items
rule-stock-from-to = must leave a stock from { $min } to { $max }
rule-from-to = must be from { $min } to { $max }
rule-depth = must not be nested deeper than { $max }
rule-size = must not hold more than { $values } values, { $containers } of them objects and lists
rule-cel-together = must not have more than { $max } characters of expressions in all
rule-encoding = must be gzip or zstd, once
rule-leaves = must not have more than { $max } leaves
rule-shorthand = must be a condition tree or one of the shorthands { $names }
rule-unknown-condition = is no condition; known are { $names }
rule-grants = `grants` is no unit: budgets count grants under this name
rule-currency = must be three upper-case letters, such as KRW
rule-unknown-unit = names no unit that is defined
rule-unit-of-points = only points have a unit
rule-days-of-points = only points have days until they can be used
rule-expires = only points and coupons with codes expire
rule-date-of-expiry = a date of expiry lies in a year from 1 to { $year }
rule-price-in-own-unit = a reward does not cost what it credits
rule-budgets-at-most = at most { $max } budgets
rule-budget-twice = there are two budgets of { $unit } for the same period
rule-budget-alerts = at most { $max } percentages, each larger than the one before
rule-budget-unit = must be the code of a unit, such as points, or a currency, such as KRW
rule-price-missing = each reward of a campaign with frequency `each` has a price
rule-reference-missing = a claim in an event with frequency `each` needs a reference
rule-reference-unasked = only a claim in an event with frequency `each` has a reference
rule-choice = must be one of { $choices }
