ui-send-again = Send it again?
ui-send-again-why = Your session had ended, so what you sent was not taken. Nothing has changed yet.
ui-send-again-as = You are signed in as
ui-send-again-now = Send it now
ui-send-again-leave = Go back without sending
ui-send-again-sign-in = Your session has ended, and what you sent was not taken. Sign in, and you can send it again.
