ui-sign-in = Sign in
ui-email = E-mail
ui-password = Password
ui-demo-accounts = Accounts of the demo
ui-demo-accounts-say = This is a demo with made-up members. Sign in as anybody with one click.
ui-sign-in-again = Your password has changed. Sign in with the new one.
ui-sign-in-new-here = New here? Create an account
