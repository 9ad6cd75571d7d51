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
ui-value-never = What it credits never expires.
ui-value-until = What it credits is good through { $day }.
ui-value-days = { $days ->
    [one] What it credits is good for { $days } day after the first one.
   *[other] What it credits is good for { $days } days after the first one.
}
ui-value-days-month = { $days ->
    [one] What it credits is good for { $days } day after the first one and to the end of that month.
   *[other] What it credits is good for { $days } days after the first one and to the end of that month.
}
ui-value-days-year = { $days ->
    [one] What it credits is good for { $days } day after the first one and to the end of that year.
   *[other] What it credits is good for { $days } days after the first one and to the end of that year.
}
ui-value-after = { $days ->
    [0] What it credits can be used at once.
    [one] What it credits can be used after { $days } day.
   *[other] What it credits can be used after { $days } days.
}
