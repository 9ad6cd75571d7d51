ui-coupons = Your coupons
ui-coupons-lead = { $count ->
    [0] None of these can be used now.
    [one] One of these can be used now: show its code when you pay.
   *[other] { $count } of these can be used now: show the code when you pay.
}
ui-coupons-none = You have no coupons yet
ui-coupons-none-how = Coupons that you are granted appear here with their codes.
ui-coupon-active = Can be used
ui-coupon-used = Used
ui-coupon-expired = Expired
ui-coupon-voided = Void
ui-coupon-good-until = It can be used through { $day }.
ui-coupon-was-good-until = It could be used through { $day }.
ui-coupon-never-expires = It never expires.
ui-coupon-uses = { $uses } of { $all } uses are made.
ui-coupon-bound = Its member alone can use it.
ui-coupon-yours = Your coupon
