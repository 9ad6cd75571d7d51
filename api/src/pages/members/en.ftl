ui-members-lead = { $count ->
    [one] 1 member, { $active } of them active in the last 30 days.
   *[other] { $count } members, { $active } of them active in the last 30 days.
}
ui-members-find-both = Id or e-mail
ui-members-find-id = Id
ui-members-find = Find
ui-members-nobody = Nobody is found for { $asked }.
ui-members-neither = This is neither an id nor an e-mail.
ui-members-no-id = This is no id.
ui-members-then = The newest accounts are of now and left out. A member’s facts can be seen as of then: find them by id.
ui-members-by-id = Auditors find members by id, as claims and the log name them; e-mails are for operators.
ui-members-newest = Newest
ui-members-none = No members yet
ui-members-none-so = Members sign up, or are imported with their activities.
ui-members-id = Id
ui-members-name = Nickname
ui-members-email = E-mail
ui-members-zone = Time zone
ui-members-since = Since
ui-members-blocked = blocked
ui-members-away = The list cannot be shown now.
ui-members-first = Newest
ui-members-older = Older
