ui-coupons = 내 쿠폰
ui-coupons-lead = { $count ->
    [0] 지금 사용할 수 있는 쿠폰이 없습니다.
   *[other] 지금 사용할 수 있는 쿠폰이 { $count }장 있습니다. 결제할 때 코드를 보여 주세요.
}
ui-coupons-none = 아직 받은 쿠폰이 없습니다
ui-coupons-none-how = 쿠폰을 받으면 코드와 함께 여기에 표시됩니다.
ui-coupon-active = 사용 가능
ui-coupon-used = 사용 완료
ui-coupon-expired = 기간 만료
ui-coupon-voided = 무효
ui-coupon-good-until = { $day }까지 사용할 수 있습니다.
ui-coupon-was-good-until = { $day }까지 사용할 수 있었습니다.
ui-coupon-never-expires = 사용 기한이 없습니다.
ui-coupon-uses = { $all }회 중 { $uses }회 사용했습니다.
ui-coupon-bound = 받은 회원 본인만 사용할 수 있습니다.
ui-coupon-yours = 받은 쿠폰
