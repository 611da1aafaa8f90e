# A matter for the water works: referred with a date, overdue, then done.
08:00:00  caller 139 reports notice_only c1 at 2 2
          incident I1 notice_only at 路口, by 139
          I1 lacks 1 confirmation
08:01:00  operator refers I1 to water_works by 08:30:00
          I1 owes referral by water_works until 08:30:00
08:01:00  (time passes)
          I1 escalated, level 1
08:01:10  operator closes I1 referred
          I1 closed: referred
08:30:00  (time passes)
          I1 referral is overdue
08:45:00  operator finishes I1 referral pipe mended
          I1 referral is done: pipe mended
