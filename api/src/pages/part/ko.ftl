ui-part-away = 지금은 이 부분을 표시할 수 없습니다.
ui-part-behind = 방금 기록된 내용이 아직 반영되지 않았습니다. 잠시 후 페이지를 다시 여세요.
ui-part-rest = 나머지 내용은 정확합니다.
