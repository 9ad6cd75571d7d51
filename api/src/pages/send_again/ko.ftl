ui-send-again = 다시 보낼까요?
ui-send-again-why = 세션이 종료되어 보낸 내용이 접수되지 않았습니다. 아직 아무것도 변경되지 않았습니다.
ui-send-again-as = 로그인한 계정:
ui-send-again-now = 지금 보내기
ui-send-again-leave = 보내지 않고 돌아가기
ui-send-again-sign-in = 세션이 종료되어 보낸 내용이 접수되지 않았습니다. 로그인하면 다시 보낼 수 있습니다.
