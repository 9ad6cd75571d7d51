ui-members-lead = { $count ->
    [one] 1 member, { $active } of them active in the last 30 days.
   *[other] { $count } members, { $active } of them active in the last 30 days.
}
ui-members-find-both = Id or e-mail
ui-members-find-id = Id
ui-members-find = Find
ui-members-nobody = No member was found for { $asked }.
ui-members-neither = This is neither an id nor an e-mail.
ui-members-no-id = This is not an id.
ui-members-then = The newest accounts exist only for now and are left out. To see a member’s facts at that moment, find them by id.
ui-members-by-id = Auditors find members by the id in claims and in the log. Only operators can search by e-mail.
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
