ui-member-lead = { $count ->
    [0] Member since { $since }, { $zone }; { $profile }, no qualified referral.
    [one] Member since { $since }, { $zone }; { $profile }, 1 qualified referral.
   *[other] Member since { $since }, { $zone }; { $profile }, { $count } qualified referrals.
}
ui-member-profile = profile complete
ui-member-no-profile = profile not complete
ui-member-left-out = Facts are as of that moment. Account, streaks, claims and referrals exist only for now and are left out.
ui-member-note-missing = Say why: the note stays in the log.
ui-member-streak = Log-ins in a row
ui-member-longest = { $count ->
    [one] longest 1 day
   *[other] longest { $count } days
}
ui-member-at-risk = at risk until { $at }
ui-member-login-days = Days with a log-in
ui-member-login-days-so = in a row or not
ui-member-days = Active days
ui-member-facts-so = { $count ->
    [one] 1 fact
   *[other] { $count } facts
}
ui-member-referrals = Referrals
ui-member-qualified = qualified
ui-member-heat-title = What happened on which day
ui-member-heat-sub = Facts by the member’s own days, the last 26 weeks; darker is more
ui-member-heat = { $days } days with activity and { $facts } facts since { $from }
ui-member-heat-day = { $day }: { $count }
ui-member-as-table = Show as a table
ui-member-day = Day
ui-member-facts = Facts
ui-member-incomplete = This member has more facts than a page shows; the kinds at the end of the alphabet are left out.
ui-member-kinds = What a condition sees
ui-member-kinds-sub = The facts that count, by kind, without voided ones
ui-member-kind = Kind
ui-member-times = Times
ui-member-sums = In total
ui-member-last = Last
ui-member-no-facts = Nothing yet
ui-member-no-facts-so = Sources report what members do; the service records log-ins.
ui-member-all-claims = All of them
ui-member-no-claims = No claim yet
ui-member-no-referrals = Nobody was invited yet
ui-member-invitee = Invited
ui-member-signed-up = Signed up
ui-member-qualified-on = Qualified
ui-member-latest-referrals = The latest 20.
ui-member-referral-pending = Pending
ui-member-referral-qualified = Qualified
ui-member-referral-voided = Void
ui-member-account = Account
ui-member-email = E-mail
ui-member-role = Role
ui-member-bio = Bio
ui-member-block = Block
ui-member-block-so = New claims are refused; what was granted stays, and logging in works.
ui-member-unblock = Lift the block
ui-member-unblock-so = New claims are decided by the rules again.
