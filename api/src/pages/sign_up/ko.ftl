ui-sign-up = 회원 가입
ui-sign-up-password-how = 8자 이상 128자 이하
ui-sign-up-birth-date = 생년월일
ui-sign-up-birth-date-how = 생일 보상을 드릴 때 사용합니다.
ui-sign-up-zone = 시간대
ui-sign-up-zone-how = 하루가 시작되고 끝나는 기준이 됩니다.
ui-sign-up-invite-code = 초대 코드 (선택)
ui-sign-up-known = 이미 계정이 있나요? 로그인
