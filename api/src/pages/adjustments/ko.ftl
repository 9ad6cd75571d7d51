ui-adjustments-lead = { $count ->
    [0] 승인을 기다리는 조정이 없습니다.
   *[other] 조정 { $count }건이 다른 사람의 승인을 기다립니다.
}
ui-adjustments-then = 조정 목록은 현재 기준으로만 볼 수 있어 과거 시점에는 표시하지 않습니다. 각 회원의 지갑에서 당시의 변경 내용을 볼 수 있습니다.
ui-adjustments-waiting = 승인 대기
ui-adjustments-none = 대기 중인 조정이 없습니다
ui-adjustments-none-so = 한 사람의 하루 조정액이 단위의 한도를 넘으면 여기에 표시됩니다.
ui-adjustments-more = 최근 50건입니다.
ui-adjustments-gives = { $amount } 지급
ui-adjustments-takes = { $amount } 차감
ui-adjustments-by = 요청
ui-adjustments-own = 다른 사람이 처리해야 합니다.
ui-adjustments-operators = 운영자가 처리합니다.
ui-adjustments-note = 메모
ui-adjustments-approve = 승인
ui-adjustments-reject = 거절
ui-adjustments-approved = 승인했습니다. 지갑이 조정되었습니다.
ui-adjustments-rejected = 거절했습니다. 지갑은 그대로입니다.
ui-adjustments-latest = 최근 조정
ui-adjustments-nothing-yet = 아직 조정한 내역이 없습니다
ui-adjustments-change = 조정
ui-adjustments-member = 회원
ui-adjustments-decided-by = 처리
ui-adjustments-status-pending = 대기
ui-adjustments-status-posted = 완료
ui-adjustments-status-rejected = 거절
