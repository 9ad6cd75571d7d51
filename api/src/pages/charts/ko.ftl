ui-chart-table = 표로 보기
ui-chart-csv = CSV로 받기
