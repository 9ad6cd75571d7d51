ui-sign-in = 로그인
ui-email = 이메일
ui-password = 비밀번호
ui-demo-accounts = 데모 계정
ui-demo-accounts-say = 가상의 회원으로 만든 데모입니다. 한 번의 클릭으로 로그인해 보세요.
ui-sign-in-again = 비밀번호가 변경되었습니다. 새 비밀번호로 로그인하세요.
ui-sign-in-new-here = 처음이신가요? 회원 가입
