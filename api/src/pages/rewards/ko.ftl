ui-rewards-lead = { $count ->
    [0] 종료 전에 소진되는 리워드가 없습니다.
   *[other] 리워드 { $count }개가 이벤트 종료 전에 소진됩니다.
}
ui-rewards-then = 당시 기준: 그 시점에 진행 중이던 이벤트의 리워드입니다.
ui-rewards-not-running = 진행 중 아님
ui-rewards-add = 리워드 추가
ui-rewards-add-now = 추가 (진행 중인 이벤트라면 바로 신청할 수 있습니다)
ui-rewards-not-known = 추가되었는지 알 수 없습니다. 다시 요청해도 한 번만 처리됩니다.
ui-rewards-event = 이벤트
ui-rewards-name = 이름
ui-rewards-type = 종류
ui-rewards-amount = 1회 지급 수량
ui-rewards-quantity = 재고 (지급 횟수)
ui-rewards-per-member = 회원별 최대 지급 횟수
ui-rewards-list = 리워드, 최신순
ui-rewards-none = 아직 리워드가 없습니다
ui-rewards-none-why = 리워드는 이벤트에서 지급하는 것입니다.
ui-rewards-reward = 리워드
ui-rewards-granted = 지급
ui-rewards-stock = 재고
ui-rewards-sold-out = 소진 예상
ui-rewards-newest = 최신 리워드
ui-rewards-older = 이전 리워드
