ui-value-points = { $count }포인트
ui-value-of-unit = { $amount } { $unit }
ui-value-held = { $amount } 사용 예정이며, 처리될 때까지 보류됩니다.
ui-value-paid = { $amount } 사용.
ui-value-credited = { $amount } 적립. 사용 기간: { $from }부터.
ui-value-credited-until = { $amount } 적립. 사용 기간: { $from }부터 { $until }까지.
ui-value-too-few = 필요: { $need }, 사용 가능: { $have }.
ui-value-price = 신청 1회당 { $amount } 사용.
ui-value-cost = 지급 1회당 비용 { $amount } { $currency }.
ui-value-never = 적립 후 소멸하지 않음.
ui-value-until = { $day }까지 사용 가능.
ui-value-days = 적립 후 { $days }일간 사용 가능.
ui-value-days-month = 적립 후 { $days }일이 지난 달의 말일까지 사용 가능.
ui-value-days-year = 적립 후 { $days }일이 지난 해의 말일까지 사용 가능.
ui-value-after = { $days ->
    [0] 적립 즉시 사용 가능.
   *[other] 적립 { $days }일 후부터 사용 가능.
}
ui-value-coupon-never = 쿠폰의 사용 기한 없음.
ui-value-coupon-until = { $day }까지 쿠폰 사용 가능.
ui-value-coupon-days = 지급 후 { $days }일간 쿠폰 사용 가능.
ui-value-coupon-days-month = 지급 후 { $days }일이 지난 달의 말일까지 쿠폰 사용 가능.
ui-value-coupon-days-year = 지급 후 { $days }일이 지난 해의 말일까지 쿠폰 사용 가능.
