# 서비스가 사람에게 하는 말(한국어). en.ftl과 메시지와 변수가 같아야 하며, 테스트가 두 파일을 비교합니다.
# 변수 뒤에 받침에 따라 달라지는 조사가 오지 않도록 씁니다.

## 문제: 제목, 뜻, 해결 방법

# 요청 자체
problem-malformed_json = 본문이 올바른 JSON이 아닙니다
    .about = 본문을 JSON으로 읽을 수 없습니다. 문법이 잘못되었거나, UTF-8이 아니거나, 문자열에 NUL 문자가 들어 있습니다.
    .remedy = UTF-8로 된 JSON 문서 하나를 보내세요.
problem-validation_failed = 요청이 규칙에 맞지 않습니다
    .about = 본문, 쿼리 또는 헤더에 규칙에 맞지 않는 항목이 있습니다. 해당 항목은 모두 `errors`에 있습니다.
    .remedy = `errors`에 있는 항목을 고쳐서 다시 보내세요.
problem-invalid_cursor = 이 목록의 커서가 아닙니다
    .about = 이 목록, 이 필터, 이 호출자에게 발급된 커서가 아닙니다.
    .remedy = 커서 없이 목록을 처음부터 다시 조회하고, `nextCursor` 값을 그대로 사용하세요.
problem-idempotency_key_invalid = 멱등 키가 올바르지 않습니다
    .about = Idempotency-Key 헤더가 여러 번 있거나, 출력 가능한 ASCII 문자 1~255자가 아닙니다.
    .remedy = 임의의 UUID와 같은 키를 하나만 보내세요.
problem-idempotency_key_reused = 이 키는 다른 요청에 이미 사용되었습니다
    .about = 메서드, 경로, 쿼리 또는 본문이 다른 요청이 이 키로 이미 처리되었습니다.
    .remedy = 새 요청에는 새 키를 사용하고, 다시 물을 때는 똑같은 요청을 보내세요.
problem-idempotency_key_in_progress = 이 키의 요청을 처리하고 있습니다
    .about = 같은 키로 보낸 요청이 아직 처리되고 있습니다.
    .remedy = 잠시 후 같은 요청을 다시 보내세요.
problem-body_too_large = 본문이 너무 큽니다
    .about = 본문이 이 리소스가 받을 수 있는 크기를 넘습니다. 한도는 `limitBytes`에 있습니다.
    .remedy = 한 번에 보내는 양을 줄이세요.
problem-unsupported_media_type = 본문의 형식은 JSON이어야 합니다
    .about = Content-Type 헤더가 JSON을 나타내지 않습니다.
    .remedy = Content-Type: application/json 헤더를 보내세요.
problem-changed_meanwhile = 읽은 뒤에 내용이 바뀌었습니다
    .about = If-Match 헤더의 버전이 현재 버전과 다릅니다.
    .remedy = 리소스를 다시 읽고, 그 응답의 ETag로 다시 요청하세요.
problem-rate_limited = 요청이 너무 많습니다
    .about = 짧은 시간에 허용된 횟수보다 많이 요청했습니다. 허용량은 RateLimit-Policy와 RateLimit 헤더에 있습니다.
    .remedy = Retry-After에 표시된 시간만큼 기다리세요.

# 누가 무엇을 요청하는가
problem-unauthenticated = 유효한 액세스 토큰이 필요합니다
    .about = 액세스 토큰이 없거나, 이 서비스가 발급한 토큰이 아닙니다.
    .remedy = 로그인한 뒤 Authorization: Bearer 헤더에 액세스 토큰을 넣어 보내세요.
problem-token_expired = 액세스 토큰이 만료되었습니다
    .about = 액세스 토큰은 15분 동안 유효합니다.
    .remedy = POST /auth/refresh로 새 토큰을 받으세요.
problem-token_outdated = 계정의 현재 역할과 다른 액세스 토큰입니다
    .about = 토큰이 발급된 뒤에 계정의 역할이 바뀌었습니다.
    .remedy = POST /auth/refresh로 새 토큰을 받거나 다시 로그인하세요.
problem-invalid_credentials = 이메일 또는 비밀번호가 올바르지 않습니다
    .about = 이 이메일과 비밀번호에 해당하는 계정이 없습니다.
    .remedy = 이메일과 비밀번호를 확인하고 다시 시도하세요.
problem-refresh_token_reused = 이미 사용된 리프레시 토큰입니다
    .about = 이 리프레시 토큰은 이미 사용되었습니다. 유출되었을 수 있으므로 로그인을 종료했습니다.
    .remedy = 다시 로그인하세요.
problem-forbidden = 이 역할로는 할 수 없습니다
    .about = 계정의 역할에 이 작업의 권한이 없습니다.
    .remedy = 권한이 있는 계정을 사용하거나 관리자에게 역할을 요청하세요.
problem-not_found = 찾을 수 없습니다
    .about = 해당 리소스가 없거나 다른 사람의 것입니다.
    .remedy = 주소와 ID를 확인하세요.
problem-method_not_allowed = 이 리소스에서 지원하지 않는 메서드입니다
    .about = 리소스는 있지만 이 메서드는 지원하지 않습니다. 지원하는 메서드는 Allow 헤더에 있습니다.
    .remedy = Allow 헤더에 있는 메서드를 사용하세요.

# 계정
problem-email_taken = 이미 사용 중인 이메일입니다
    .about = 이메일은 대소문자를 구분하지 않고 한 번만 등록할 수 있습니다.
    .remedy = 그 계정으로 로그인하거나 다른 이메일을 사용하세요.
problem-nickname_taken = 이미 사용 중인 닉네임입니다
    .about = 닉네임은 대소문자를 구분하지 않고 한 번만 등록할 수 있습니다.
    .remedy = 다른 닉네임을 선택하세요.
problem-invite_code_unknown = 존재하지 않는 초대 코드입니다
    .about = 이 초대 코드를 가진 회원이 없습니다. 아무것도 만들어지지 않았습니다.
    .remedy = 코드를 확인하거나 코드 없이 가입하세요.
problem-time_zone_locked = 시간대를 변경한 지 얼마 되지 않았습니다
    .about = 시간대는 30일에 한 번 변경할 수 있습니다. 다시 변경할 수 있는 시각은 `allowedAt`에 있습니다.
    .remedy = `allowedAt`까지 기다리세요.
problem-unknown_role = 존재하지 않는 역할입니다
    .about = 역할은 USER, OPERATOR, AUDITOR, ADMIN, SERVICE 중 하나여야 합니다.
    .remedy = 이 역할 중 하나를 보내세요.
problem-same_role = 계정이 이미 이 역할입니다
    .about = 변경할 내용이 없습니다.
    .remedy = 아무것도 하지 않아도 됩니다.
problem-own_role = 자신의 역할은 변경할 수 없습니다
    .about = 역할은 다른 사람이 변경해야 합니다.
    .remedy = 다른 관리자에게 요청하세요.
problem-last_admin = 마지막 관리자는 변경할 수 없습니다
    .about = 이 계정을 변경하면 관리자가 한 명도 남지 않습니다.
    .remedy = 먼저 다른 계정을 관리자로 지정하세요.

# 이벤트와 보상
problem-event_name_taken = 이미 사용 중인 이벤트 이름입니다
    .about = 이벤트 이름은 대소문자를 구분하지 않고 한 번만 사용할 수 있습니다.
    .remedy = 다른 이름을 선택하세요.
problem-event_in_use = 이미 보상 신청이 있는 이벤트입니다
    .about = 보상 신청이 하나라도 있으면 주기와 시간대를 변경할 수 없습니다.
    .remedy = 새 이벤트를 만드세요.
problem-below_committed = 이미 확정된 수량보다 한도가 작습니다
    .about = 이미 지급했거나 예약한 수량이 새 한도보다 많습니다.
    .remedy = 더 큰 한도를 지정하세요.
problem-unlimited_stock = 수량 제한이 없는 보상입니다
    .about = 변경할 수 있는 수량이 없습니다.
    .remedy = 수량이 정해진 보상을 새로 만드세요.
problem-step_not_allowed = 현재 상태에서는 할 수 없는 단계입니다
    .about = `from`에 있는 현재 상태에서는 이 단계로 넘어갈 수 없습니다.
    .remedy = 리소스를 읽고 현재 상태에서 가능한 단계를 선택하세요.

# 보상 신청
problem-reward_unknown = 존재하지 않는 보상입니다
    .about = 이 ID의 보상이 없거나, 이 이벤트의 보상이 아닙니다.
    .remedy = 보상의 ID를 확인하세요.
problem-member_unknown = 존재하지 않는 회원입니다
    .about = 이 ID의 회원이 없습니다.
    .remedy = 회원의 ID를 확인하세요.
problem-member_blocked = 이 회원은 보상을 신청할 수 없습니다
    .about = 차단된 회원입니다.
    .remedy = 프로그램 운영자에게 문의하세요.
problem-already_claimed = 이번 기간에 이미 신청한 보상입니다
    .about = 회원은 한 기간에 한 번만 보상을 신청할 수 있습니다. 기존 신청의 ID는 `claimId`에 있습니다.
    .remedy = 기존 신청을 확인하거나 다음 기간까지 기다리세요.
problem-event_not_active = 진행 중인 이벤트가 아닙니다
    .about = 이벤트가 시작되지 않았거나, 일시 중지되었거나, 끝났습니다.
    .remedy = 이벤트가 진행되는 동안 다시 신청하세요.
problem-condition_unmet = 조건을 충족하지 않았습니다
    .about = 조건의 각 항목에 필요한 값과 현재 값이 `evidence`에 있습니다.
    .remedy = 부족한 항목을 충족한 뒤 다시 신청하세요.
problem-limit_reached = 회원 한 명이 받을 수 있는 횟수를 모두 받았습니다
    .about = 보상 또는 이벤트에 회원별 지급 한도가 있습니다.
    .remedy = 한도가 바뀌기 전에는 더 받을 수 없습니다.
problem-budget_exhausted = 이벤트의 지급 한도가 모두 소진되었습니다
    .about = 이벤트의 모든 보상을 합한 지급 한도가 있습니다.
    .remedy = 반환된 지급분이 생기면 다시 신청하세요.
problem-out_of_stock = 보상이 모두 소진되었습니다
    .about = 보상의 수량이 모두 지급되었거나 예약되었습니다.
    .remedy = 반환된 수량이 생기거나 수량이 늘어나면 다시 신청하세요.
problem-claim_expired = 보상 신청이 만료되었습니다
    .about = 정해진 시간 안에 신청이 처리되지 않았습니다.
    .remedy = 회원이 다시 신청할 수 있습니다.
problem-own_claim = 자신의 신청은 처리할 수 없습니다
    .about = 보상 신청은 다른 사람이 처리해야 합니다.
    .remedy = 다른 운영자에게 맡기세요.

# 활동
problem-activity_conflict = 같은 ID로 다른 활동이 이미 보고되었습니다
    .about = 같은 출처와 ID로 회원, 종류, 시각, 시간대 또는 측정값이 다른 활동이 이미 보고되었습니다.
    .remedy = 새 활동은 새 ID로 보고하세요.
problem-source_reserved = 서비스 전용 출처입니다
    .about = `ledger` 출처는 서비스만 사용할 수 있습니다.
    .remedy = 자신의 출처 이름으로 보고하세요.
problem-source_not_allowed = 이 호출자가 사용할 수 없는 출처입니다
    .about = 이 서비스 계정은 다른 출처에 대해서만 보고할 수 있습니다.
    .remedy = 계정을 만들 때 지정한 출처로 보고하세요.

# 서비스 자체
problem-overloaded = 대기 중인 요청이 너무 많아 처리하지 않았습니다
    .about = 제때 처리할 수 있는 것보다 많은 요청이 기다리고 있습니다.
    .remedy = Retry-After에 표시된 시간만큼 기다린 뒤 같은 요청을 다시 보내세요.
problem-unavailable = 지금은 응답할 수 없습니다
    .about = 필요한 구성 요소에 연결할 수 없습니다. 변경이 반영되었는지는 알 수 없습니다.
    .remedy = 같은 Idempotency-Key로 같은 요청을 다시 보내세요.
problem-projection_behind = 조회용 데이터가 아직 최신이 아닙니다
    .about = Ledger-Min-Position으로 요청한 위치까지 아직 반영되지 않았습니다. 반영된 위치는 `position`에 있습니다.
    .remedy = 잠시 후 다시 요청하세요.
problem-internal = 서비스에 오류가 발생했습니다
    .about = 서비스의 결함입니다. `instance`에 있는 ID로 기록되어 있습니다.
    .remedy = `instance`에 있는 ID를 운영자에게 알려 주세요.

## 자세한 내용

detail-not-json-at = { $line }번째 줄, { $column }번째 문자에서 JSON 문법이 잘못되었습니다.
detail-nul = 문자열에 NUL 문자가 들어 있습니다.
detail-body-too-slow = 본문이 제때 도착하지 않았습니다.
detail-took-too-long = 요청을 처리하는 데 시간이 너무 오래 걸렸습니다.
detail-database-away = 데이터베이스에 연결할 수 없습니다.

## 문제가 아닌 응답의 메시지

message-claims = 보상 신청 목록입니다.
message-claim-granted = 보상이 지급되었습니다.
message-claim-pending = 보상 신청이 접수되어 승인을 기다리고 있습니다.
message-rewards = 보상 목록입니다.
message-reward = 보상 정보입니다.
message-reward-created = 보상을 만들었습니다.
message-reward-changed = 보상을 변경했습니다.
message-you = 내 정보입니다.
message-profile-changed = 프로필을 변경했습니다.
message-role-changed = 역할을 변경했습니다.
message-member-blocked = 회원을 차단했습니다.
message-member-unblocked = 회원의 차단을 해제했습니다.
message-claim-approved = 보상 신청을 승인했습니다.
message-claim-rejected = 보상 신청을 거절했습니다.
message-claim-fulfilled = 보상을 전달했습니다.
message-claim-fulfilment-failed = 보상을 전달하지 못한 것으로 처리했습니다.
message-claim-reversed = 지급한 보상을 회수했습니다.

## 보상 신청 결과의 설명

explain-needed = 필요: { $what }. 확인: { $have }.
explain-unwanted = 해당하지 않아야 함: { $what }. 확인: { $have }.
explain-yes = 예
explain-no = 아니요
explain-streak = “{ $kind }” 활동 { $days }일 연속
explain-active-days = “{ $kind }” 활동이 있는 날 { $days }일
explain-any-active-days = 활동이 있는 날 { $days }일
explain-count = “{ $kind }” 활동 { $count }회
explain-total = “{ $kind }” 활동의 “{ $measure }” 합계 { $total }
explain-referrals = 인정된 초대 { $count }건
explain-profile = 프로필 작성 완료
explain-birthday = 회원의 생일
explain-anniversary = 가입 기념일
explain-expression = 다음 식이 참: { $expression }
explain-joined = 가입
explain-within = 최근 { $days }일 동안 { $what }
explain-since = { $date }부터 { $what }
explain-until = { $date }까지 { $what }
explain-since-event-start = 이벤트 시작일부터 { $what }
explain-more-in-a-row = “{ $kind }” 활동 { $more }일 더 연속
explain-more-days = “{ $kind }” 활동이 있는 날 { $more }일 추가
explain-more-days-of-any = 활동이 있는 날 { $more }일 추가
explain-more-times = “{ $kind }” 활동 { $more }회 추가
explain-more-in-total = “{ $kind }” 활동의 “{ $measure }” 합계 { $more } 추가
explain-more-referrals = 인정된 초대 { $more }건 추가
explain-complete-profile = 프로필의 닉네임, 소개, 사진을 모두 등록하세요.
explain-open-profile = 프로필이 완성되지 않은 상태여야 합니다.
explain-wait = 해당 날짜에 다시 신청하세요: { $what }.
explain-let-pass = 다음 조건에 더 이상 해당하지 않을 때 다시 신청하세요: { $what }.
explain-granted = 조건을 충족하여 보상이 지급되었습니다.
explain-approved = 조건을 충족하고 신청이 승인되어 보상이 지급되었습니다. 승인한 사람: { $actor }.
explain-pending = 조건을 충족하여 승인을 기다리고 있습니다. 처리 기한: { $until }.
explain-expired = 기한까지 처리되지 않아 신청이 만료되었습니다. 다시 신청할 수 있습니다. 만료 시각: { $at }.
explain-rejected = 조건은 충족했지만 신청이 거절되었습니다. 거절한 사람: { $actor }.
explain-fulfilled = 보상이 지급되어 전달까지 완료되었습니다. 처리한 사람: { $actor }.
explain-fulfilment-failed = 보상은 지급되었지만 전달에 실패했습니다. 다시 시도할 수 있습니다. 처리한 사람: { $actor }.
explain-reversed = 지급된 보상이 회수되었습니다. 회수한 사람: { $actor }.
explain-blocked = 차단된 회원이어서 신청이 거절되었습니다.
explain-not-started = 이벤트가 아직 시작되지 않았습니다. 시작 시각: { $at }.
explain-paused = 이벤트가 일시 중지된 상태였습니다.
explain-over = 이벤트가 이미 끝났습니다. 종료 시각: { $at }.
explain-ended = 이벤트가 이미 종료되었습니다.
explain-unmet = 조건을 충족하지 못했습니다.
explain-limit-of-reward = 회원 한 명이 이 보상을 받을 수 있는 횟수({ $limit }회)를 모두 사용했습니다.
explain-limit-of-event = 회원 한 명이 이 이벤트에서 보상을 받을 수 있는 횟수({ $limit }회)를 모두 사용했습니다.
explain-limits = 회원 한 명이 받을 수 있는 횟수를 모두 사용했습니다. 이 보상은 { $reward }회, 이벤트 전체는 { $event }회까지입니다.
explain-budget = 이벤트에서 지급할 수 있는 { $winners }건이 먼저 모두 소진되었습니다. 마지막 지급의 로그 위치: { $position }.
explain-no-budget = 이벤트에서 지급할 수 있는 보상이 남아 있지 않았습니다.
explain-sold-out = 준비된 보상 { $winners }건이 먼저 모두 소진되었습니다. 마지막 지급의 로그 위치: { $position }.
explain-no-stock = 남은 보상이 없었습니다.
explain-step-denied = 거절됨: { $reason }.
explain-step-pending = 신청되어 승인을 기다립니다.
explain-step-granted = 보상이 지급되었습니다.
explain-step-approved = 승인되었습니다. 승인한 사람: { $actor }.
explain-step-rejected = 거절되었습니다. 거절한 사람: { $actor }.
explain-step-expired = 기한까지 처리되지 않아 만료되었습니다.
explain-step-fulfilled = 보상이 전달되었습니다. 처리한 사람: { $actor }.
explain-step-fulfilment-failed = 보상 전달에 실패했습니다. 처리한 사람: { $actor }.
explain-step-reversed = 지급이 회수되었습니다. 회수한 사람: { $actor }.

## 규칙

rule-required = 필수 항목입니다.
rule-unknown = 알 수 없는 항목입니다.
rule-twice = 같은 항목을 두 번 보낼 수 없습니다.
rule-change = 변경할 항목을 하나 이상 보내세요.
rule-characters = 제어 문자를 포함할 수 없습니다.
rule-string = 문자열이어야 합니다.
rule-whole-number = 정수여야 합니다.
rule-boolean = true 또는 false여야 합니다.
rule-list = 목록이어야 합니다.
rule-object = 객체여야 합니다.
rule-conditions = 조건의 목록이어야 합니다.
rule-condition = 조건이어야 합니다.
rule-email = 이메일 주소여야 합니다.
rule-url = https://로 시작하는 주소여야 합니다.
rule-uuid = UUID 형식이어야 합니다.
rule-name = 다음 형식이어야 합니다: [a-z][a-z0-9_.-]{"{"}0,63{"}"}
rule-zone = Asia/Seoul과 같은 IANA 시간대여야 합니다.
rule-date = YYYY-MM-DD 형식의 날짜여야 합니다.
rule-instant = 2026-11-21T08:00:00Z와 같이 시차를 포함한 RFC 3339 형식이어야 합니다.
rule-instant-or-date = 시차를 포함한 RFC 3339 형식이거나 날짜여야 합니다.
rule-not-before-1970 = 1970년 이후여야 합니다.
rule-not-ahead = 현재 시각보다 5분 넘게 앞설 수 없습니다.
rule-position = 로그의 위치를 나타내는 0 이상의 정수여야 합니다.
rule-entity-tag = * 또는 "7"과 같은 엔터티 태그여야 합니다.
rule-pairs = 이름=값 형식이어야 합니다.
rule-key = 출력 가능한 ASCII 문자 1~255자로 한 번만 보내야 합니다.
rule-not-zero = 0일 수 없습니다.
rule-after-from = `from`보다 나중이어야 합니다.
rule-not-before-from = `from`보다 앞설 수 없습니다.
rule-after-start = `startDate`보다 나중이어야 합니다.
rule-hours = 72h와 같이 s, m, h, d 단위의 정수여야 하며, 1s부터 365d까지 가능합니다.
rule-limited-twice = perMemberLimit에 1이 아닌 값과 함께 보낼 수 없습니다.
rule-not-limited = false인 경우 perMemberLimit과 함께 보낼 수 없습니다.
rule-type-of-path = 경로에 있는 종류와 다릅니다.
rule-for-whom = 서비스는 누구를 위해 신청하는지 밝혀야 합니다.
rule-for-others = 다른 회원을 위한 신청은 서비스만 할 수 있습니다.
rule-progress-for-whom = 서비스는 누구의 진행 상황을 조회하는지 밝혀야 합니다.
rule-progress-for-others = 다른 회원의 진행 상황은 서비스만 조회할 수 있습니다.
rule-one-key = 키가 정확히 하나여야 합니다.
rule-no-condition-field = 이 조건에 없는 항목입니다.
rule-not-empty = 비어 있을 수 없습니다.
rule-within = 1d부터 9999d까지의 일수여야 합니다.
rule-from-before-to = `from`은 `to`보다 앞서야 합니다.
rule-whose-claims = 필수 항목입니다. 어느 이벤트의 신청을 기준으로 할지 보내세요.
rule-not-beyond-position = 로그의 마지막 위치를 넘을 수 없습니다(마지막 위치: { $head }).
rule-not-beyond = 로그의 마지막 위치를 넘을 수 없습니다.
rule-not-in-future = 미래일 수 없습니다.
rule-not-beside-position = `atPosition`과 함께 보낼 수 없습니다.
rule-birth-date = { $year }년부터 오늘까지의 날짜여야 합니다.
rule-characters-from-to = { $min }~{ $max }자여야 합니다.
rule-characters-at-most = { $max }자 이하여야 합니다.
rule-bytes-at-most = { $max }바이트 이하여야 합니다.
rule-items-from-to = 항목의 수는 { $min }~{ $max }개여야 합니다.
rule-stock-from-to = 변경 후의 수량이 허용 범위 안에 있어야 합니다({ $min } ~ { $max }).
rule-from-to = 허용 범위를 벗어났습니다({ $min } ~ { $max }).
rule-depth = 중첩은 { $max }단계까지만 가능합니다.
rule-leaves = 조건 항목은 { $max }개까지만 가능합니다.
rule-shorthand = 조건 트리이거나 다음 약어 중 하나여야 합니다: { $names }
rule-unknown-condition = 알 수 없는 조건입니다. 사용할 수 있는 조건: { $names }
rule-choice = 다음 중 하나여야 합니다: { $choices }
