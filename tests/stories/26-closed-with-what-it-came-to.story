# The closing counts what it came to; the caller is called back within a day, or it is overdue.
town: plan dispute {follow_up_h = {call_back = 24.0}}
08:00:00  caller 139 reports dispute c1 at 2 2
          incident I1 dispute at 路口, by 139
          order I1-1 to U02 respond, eta 0 s
          I1 dispatched
08:00:05  U02 accepts I1-1
          I1-1 accepted
08:00:20  U02 is on_scene I1-1
          I1-1 on_scene
          I1 on_scene
08:20:00  operator closes I1 handled 3 checked 1 arrested 2 citizens_helped one banned from the market
          I1 came to 3 checked, 1 arrested, 2 citizens_helped, one banned from the market
          I1-1 completed: incident closed: handled
          U02 is available, by operator/wang
          I1 closed: handled
          I1 owes call_back until 1d 08:20:00
1d 08:20:00  (time passes)
          I1 call_back is overdue
1d 08:30:00  operator finishes I1 call_back thanked us
          I1 call_back is done: thanked us
