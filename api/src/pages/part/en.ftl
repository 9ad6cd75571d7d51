ui-part-away = This part cannot be shown now.
ui-part-behind = This part is behind what was just written; read the page again in a moment.
ui-part-rest = The rest of the page is right.
