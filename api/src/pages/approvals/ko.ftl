ui-approvals-waiting = { $count ->
    [0] 대기 중인 신청 없음
   *[other] 대기 중인 신청 { $count }건
}
ui-approvals-waited = { $count ->
    [0] 당시 대기 중인 신청 없음
   *[other] 당시 대기 중이던 신청 { $count }건
}
ui-approvals-today = { $count }건이 오늘 만료됩니다.
ui-approvals-none-today = 오늘 만료되는 신청은 없습니다.
ui-approvals-undecided = 결정하지 않은 신청은 만료되어 재고가 반환되며, 회원은 다시 신청할 수 있습니다.
ui-approvals-nothing = 수동 승인 이벤트의 신청이 여기에서 대기합니다.
ui-approvals-then = 당시 대기 중이던 신청의 목록은 표시하지 않으며, 결정은 현재 시점에서만 할 수 있습니다.
ui-approvals-empty = 대기 중인 신청이 없습니다
ui-approvals-empty-so = 수동 승인 이벤트의 신청이 만료가 가까운 순서로 표시됩니다.
ui-approvals-all-events = 모든 이벤트
ui-approvals-queue = 대기 중인 신청, 만료가 가까운 순
ui-approvals-all = 선택
ui-approvals-tick = 여러 건을 선택하면 함께 결정할 수 있습니다
ui-approvals-ticked = {"{n}"}건 선택됨
ui-approvals-none-ticked = 선택 없음
ui-approvals-approve-selected = 선택 승인…
ui-approvals-reject-selected = 선택 반려…
ui-approvals-group-today = 오늘 만료
ui-approvals-group-tomorrow = 내일
ui-approvals-group-later = 그 이후
ui-approvals-claims = { $count }건
ui-approvals-select = { $member }의 신청 선택
ui-approvals-own = 본인의 신청 { $count }건은 다른 담당자가 결정합니다.
ui-approvals-own-claim = 본인의 신청이므로 다른 담당자가 결정합니다.
ui-approvals-no-longer = 더 이상 대기 중이 아닌 신청입니다: { $status }.
ui-approvals-more = 이후 신청 보기
ui-approvals-done = { $step } 처리, 대기 { $count }건
ui-approvals-take-back = 되돌리기
ui-approvals-unit-days = 일
ui-approvals-unit-referrals = 추천
ui-approvals-left-minutes = { $minutes }분
ui-approvals-left-both = { $hours }시간 { $minutes }분
ui-approvals-left-hours = { $hours }시간
ui-approvals-flag-late = 늦은 기록 { $count }건
ui-approvals-flag-burst = 한 시간에 추천 { $count }건
ui-approvals-flag-unmet = 현재는 미충족
ui-approvals-key-jk = 다음, 이전
ui-approvals-key-a = 승인
ui-approvals-key-r = 반려
ui-approvals-key-n = 메모
ui-approvals-key-x = 선택
ui-approvals-key-o = 열기
ui-approvals-key-all = 모든 단축키
ui-approvals-selected = 선택한 신청
ui-approvals-claim = 신청
ui-approvals-open = 신청 열기
ui-approvals-asked = { $at } 신청
ui-approvals-card = { $reward }, { $amount }, 회원
ui-approvals-judged = 조건 v{ $version } 적용, { $period }
ui-approvals-needs = 조건과 확인된 내용
ui-approvals-member = 회원
ui-approvals-all-of-it = 모두 보기
ui-approvals-email = 이메일
ui-approvals-since = 가입
ui-approvals-blocked = 차단
ui-approvals-is-blocked = 예: 새 신청이 거절됨
ui-approvals-unknown = 없음
ui-approvals-no-account = 계정 없음 (가져온 회원이거나 삭제됨)
ui-approvals-away = 지금은 표시할 수 없습니다.
ui-approvals-claims-so-far = 지급 { $granted }건, 거절 { $refused }건, 회수 { $back }건
ui-approvals-latest = 최근 200건 중: { $said }
ui-approvals-waiting-too = 함께 대기 중
ui-approvals-waiting-count = { $count ->
    [0] 없음
   *[other] { $count }건
}
ui-approvals-stock = 재고
ui-approvals-left-of = { $all }개 중 { $left }개 남음. 이 신청분은 이미 확보됨
ui-approvals-no-limit = 제한 없음
ui-approvals-late = 집계된 기록 중 { $count }건이 늦게 들어왔습니다.
ui-approvals-late-so = 발생 후 24시간이 지나서 기록되었습니다.
ui-approvals-burst = 추천 { $count }건이 한 시간 안에 인정되었습니다.
ui-approvals-burst-so = 한 명씩 가입했다면 드문 일입니다.
ui-approvals-unmet = 현재 알려진 기록으로는 조건을 충족하지 않습니다.
ui-approvals-unmet-so = { $count ->
    [0] 집계된 기록이 취소된 것은 아니며, 다른 기록이 나중에 들어왔습니다.
   *[other] 이후 이벤트 { $count }건이 집계된 기록을 취소했습니다.
}
ui-approvals-note = 메모
ui-approvals-note-stays = 로그에 영구히 남습니다. 개인정보를 적지 마세요.
ui-approvals-approve = 승인
ui-approvals-reject = 반려
ui-approvals-grants = { $amount } 지급
ui-approvals-returns = 재고 반환, 되돌릴 수 없음
ui-approvals-bulk-approve = 신청 { $count }건을 승인할까요?
ui-approvals-bulk-reject = 신청 { $count }건을 반려할까요?
ui-approvals-bulk-approve-so = 각각 따로 지급됩니다. 그사이 다른 담당자가 결정한 신청은 그대로 둡니다.
ui-approvals-bulk-reject-so = 각각 최종 반려되고 재고가 반환됩니다. 그사이 다른 담당자가 결정한 신청은 그대로 둡니다.
ui-approvals-bulk-approve-button = { $count }건 승인
ui-approvals-bulk-reject-button = { $count }건 반려
ui-approvals-bulk-grants = 리워드 { $count }개 지급
ui-approvals-bulk-stock = { $count }건. { $all }개 중 { $left }개 남음, 이 신청분은 이미 확보됨
ui-approvals-bulk-no-limit = { $count }건. 제한 없음
ui-approvals-bulk-flagged = { $count ->
    [0] 없음
   *[other] { $count }건: 먼저 확인하세요
}
ui-approvals-bulk-gone = 선택한 신청 중 { $count }건은 더 이상 대기 중이 아니거나 본인의 신청이라 제외했습니다.
ui-approvals-flags = 확인할 점
ui-approvals-reward = 리워드
ui-approvals-expires = 만료
ui-approvals-result = 결과
ui-approvals-cancel = 나중에
ui-approvals-back = 대기열로 돌아가기
ui-approvals-results-approved = { $count }건 중 { $done }건 승인됨
ui-approvals-results-rejected = { $count }건 중 { $done }건 반려됨
ui-approvals-results-so = { $count ->
    [0] 모두 처리되었습니다.
   *[other] { $count }건은 그대로이며, 이유를 옆에 표시했습니다.
}
ui-approvals-code-step-not-allowed = 다른 담당자가 먼저 처리함
ui-approvals-code-claim-expired = 먼저 만료됨
ui-approvals-code-own-claim = 본인의 신청
ui-approvals-code-not-found = 그런 신청이 없음
