ui-overview-waiting = 결정 대기
