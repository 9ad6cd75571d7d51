ui-rule-all = All of these
ui-rule-any = At least one of these
ui-rule-not = Not this
ui-rule-streak = |{ $days ->
    [one] { $days } day
   *[other] { $days } days
} in a row| with “{ $kind }”{ $window }
ui-rule-active-days = |{ $days ->
    [one] { $days } day
   *[other] { $days } days
}| with “{ $kind }”{ $window }
ui-rule-active-days-any = |{ $days ->
    [one] { $days } day
   *[other] { $days } days
}| with any activity{ $window }
ui-rule-count = |{ $count } “{ $kind }”|{ $window }
ui-rule-total = |{ $total } “{ $measure }”| in total from “{ $kind }”{ $window }
ui-rule-referrals = |{ $count ->
    [one] { $count } referral
   *[other] { $count } referrals
}| that qualified{ $window }
ui-rule-profile-complete = |Profile complete|: nickname, bio and picture
ui-rule-birthday = It is the member’s |birthday|
ui-rule-join-anniversary = It is the |anniversary| of the day of joining
ui-rule-joined = |Joined|{ $when }
ui-rule-joined-within = {" "}within the last { $days ->
    [one] day
   *[other] { $days } days
}
ui-rule-joined-from = {" "}on { $day } or later
ui-rule-joined-to = {" "}on { $day } or earlier
ui-rule-cel = This |expression| is true:
ui-rule-expression = An expression
ui-rule-within = , within { $days ->
    [one] { $days } day
   *[other] { $days } days
}
ui-rule-since = , since { $day }
ui-rule-since-start = , since the event started
ui-rule-and-more = { $first } and { $count } more
