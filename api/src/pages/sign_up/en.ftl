ui-sign-up = Create an account
ui-sign-up-password-how = 8 to 128 characters.
ui-sign-up-birth-date = Date of birth
ui-sign-up-birth-date-how = For rewards on your birthday.
ui-sign-up-zone = Time zone
ui-sign-up-zone-how = It determines when your day begins and ends.
ui-sign-up-invite-code = Invite code, if you have one
ui-sign-up-known = Already have an account? Sign in
