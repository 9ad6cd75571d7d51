ui-part-away = This part cannot be shown now.
ui-part-behind = This part does not include the latest change yet; reload the page in a moment.
ui-part-rest = The rest of the page is right.
