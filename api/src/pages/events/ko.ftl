ui-events-lead = { $count ->
    [0] 진행 중인 이벤트가 없습니다.
   *[other] 이벤트 { $count }개가 진행 중이며, { $out ->
        [0] 모두 종료까지 재고가 충분합니다.
       *[other] { $out }개는 종료 전에 소진됩니다.
    }
}
ui-events-all = 전체 { $count }
ui-events-new = 새 이벤트
ui-events-first = 첫 이벤트 만들기
ui-events-then = 당시 기준: 그 시점에 진행 중이던 이벤트입니다. 다른 이벤트의 상태는 표시하지 않습니다.
ui-events-filter = 상태별 이벤트
ui-events-list = 이벤트, 최신순
ui-events-none = 아직 이벤트가 없습니다
ui-events-none-fits = 해당하는 이벤트가 없습니다
ui-events-none-why = 이벤트는 누가, 언제, 무엇을 받는지 정합니다.
ui-events-event = 이벤트
ui-events-status = 상태
ui-events-window = 기간
ui-events-granted = 지급
ui-events-stock = 재고
ui-events-sold-out = 소진 예상
ui-events-no-reward = 리워드 없음
ui-events-from-to = { $from } – { $to }
ui-events-until = { $to }까지
ui-events-newest = 최신 이벤트
ui-events-older = 이전 이벤트
