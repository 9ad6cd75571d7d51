ui-chart-table = Show as a table
ui-chart-csv = Download as CSV
