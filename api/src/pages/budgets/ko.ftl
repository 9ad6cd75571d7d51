ui-budget-title = 예산
ui-budget-budget = 예산
ui-budget-lead-none = 설정된 예산이 없습니다. 각 이벤트의 조건에 따라 지급됩니다.
ui-budget-lead = 예산 { $count }개 적용 중. { $short ->
    [0] 모두 여유가 있습니다.
   *[other] { $short }개는 거의 또는 모두 소진되었습니다.
}
ui-budget-now = 남은 예산
ui-budget-now-why = 현재 기간의 지급 및 대기 중인 신청을 합한 값입니다. 반환된 금액은 지급된 날짜의 예산으로 돌아갑니다.
ui-budget-then = 과거 시점의 남은 예산입니다. 예산은 현재 시점에서만 변경할 수 있습니다.
ui-budget-none = 적용 중인 예산이 없습니다
ui-budget-none-why = 이벤트는 재고와 한도 안에서 지급됩니다.
ui-budget-whose = 대상
ui-budget-programme = 전체 이벤트
ui-budget-what = { $per } { $amount }
ui-budget-period = 기간
ui-budget-used = 사용
ui-budget-committed = 사용량
ui-budget-left = 잔여
ui-budget-state = 상태
ui-budget-percent = { $percent }% · { $state }
ui-budget-spent = 소진
ui-budget-short = 소진 임박
ui-budget-room = 여유 있음
ui-budget-per-total = 전체
ui-budget-per-month = 월
ui-budget-per-week = 주
ui-budget-per-day = 일
ui-budget-field-amount = 한도
ui-budget-field-unit = 단위 또는 통화
ui-budget-field-per = 기간
ui-budget-field-alertat = 알림 기준(%)
ui-budget-add = 예산 추가
ui-budget-remove = 삭제
ui-budget-remove-of = 예산 { $number } 삭제
ui-budget-change = 전체 예산 변경
ui-budget-programme-budgets = 전체 예산
ui-budget-why = 모든 이벤트를 합한 한도이며, 이벤트 예산을 확인한 뒤에 적용됩니다. 한도를 넘는 지급은 일부만 지급하지 않고 전부 거절됩니다.
ui-budget-event-why = 이 이벤트에서 지급하는 포인트 등의 단위 또는 비용(예: KRW)의 한도입니다. 한도를 넘는 지급은 일부만 지급하지 않고 전부 거절됩니다.
ui-budget-zone = 시간대
ui-budget-zone-why = 일, 주, 월이 시작되는 기준입니다. 예: Asia/Seoul
ui-budget-save = 예산 저장
ui-budget-save-why = 앞으로의 지급에 적용됩니다. 이미 지급된 내용은 그대로입니다.
ui-budget-saved = 예산을 저장했습니다. 앞으로의 지급에 적용됩니다.
ui-budget-not-saved = { $count ->
   *[other] 저장되지 않았습니다. 올바르지 않은 항목이 { $count }개 있습니다.
}
ui-budget-faster = 다른 사용자가 먼저 예산을 변경했습니다.
ui-budget-kept = 저장되지 않았으며, 입력한 내용은 그대로 남아 있습니다. 현재 적용 중인 예산은 위에 표시됩니다. 다시 저장하면 다른 사용자의 변경을 덮어씁니다.
