ui-value-points = { $count ->
    [one] { $count } point
   *[other] { $count } points
}
ui-value-of-unit = { $amount } { $unit }
ui-value-held = It costs { $amount }, which are held until it is decided.
ui-value-paid = It was paid with { $amount }.
ui-value-credited = { $amount } were credited: good from { $from }.
ui-value-credited-until = { $amount } were credited: good from { $from } through { $until }.
ui-value-too-few = It costs { $need }, and you can use { $have }.
ui-value-price = A claim costs { $amount }.
ui-value-cost = A grant costs the programme { $amount } { $currency }.
ui-value-never = The points never expire.
ui-value-until = The points can be used through { $day }.
ui-value-days = { $days ->
    [one] The points expire { $days } day after their first day.
   *[other] The points expire { $days } days after their first day.
}
ui-value-days-month = { $days ->
    [one] The points expire at the end of the month, at the earliest { $days } day after their first day.
   *[other] The points expire at the end of the month, at the earliest { $days } days after their first day.
}
ui-value-days-year = { $days ->
    [one] The points expire at the end of the year, at the earliest { $days } day after their first day.
   *[other] The points expire at the end of the year, at the earliest { $days } days after their first day.
}
ui-value-after = { $days ->
    [0] The points can be used at once.
    [one] The points can be used after { $days } day.
   *[other] The points can be used after { $days } days.
}
ui-value-coupon-never = A coupon never expires.
ui-value-coupon-until = A coupon can be used through { $day }.
ui-value-coupon-days = { $days ->
    [one] A coupon expires { $days } day after it was granted.
   *[other] A coupon expires { $days } days after it was granted.
}
ui-value-coupon-days-month = { $days ->
    [one] A coupon expires at the end of the month, at the earliest { $days } day after it was granted.
   *[other] A coupon expires at the end of the month, at the earliest { $days } days after it was granted.
}
ui-value-coupon-days-year = { $days ->
    [one] A coupon expires at the end of the year, at the earliest { $days } day after it was granted.
   *[other] A coupon expires at the end of the year, at the earliest { $days } days after it was granted.
}
