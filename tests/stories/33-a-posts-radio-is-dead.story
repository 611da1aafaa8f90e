# A neighbouring post never answers: the next is asked, and the next time the dead one is not the first choice.
08:00:05  P003 presses robbery a1
          incident I1 robbery at 银行3, by P003
          order I1-1 to U01 respond, eta 92 s
          order I1-2 to U03 respond, eta 167 s
          order I1-3 to P002 hold, eta on foot 317 s
          I1 dispatched
          notice to G1: 抢劫 / Robbery: 银行3
          receipt to P003 for a1: I1
08:00:08  U01 accepts I1-1
          I1-1 accepted
08:00:09  U03 accepts I1-2
          I1-2 accepted
08:00:20  (time passes)
          I1-3 overdue, sent again, attempt 2
          order I1-4 to P004 hold, eta on foot 317 s
08:00:23  P004 accepts I1-4
          I1-4 accepted
08:00:50  (time passes)
          I1-3 overdue, sent again, attempt 3
08:01:20  U01 is on_scene I1-1
          I1-1 on_scene
          I1 on_scene
08:01:30  U03 is on_scene I1-2
          I1-2 on_scene
08:01:50  (time passes)
          I1-3 overdue, sent again, attempt 4
08:03:00  U01 is available I1-1
          I1-1 completed: reported available
08:03:00  U03 is available I1-2
          I1-2 completed: reported available
          I1 contained
          I1-3 cancelled: incident closed: handled
          P002 is available, by rule
          I1-4 completed: incident closed: handled
          P004 is available, by rule
          I1 closed: handled
          recall of I1-3 to P002
08:05:40  operator closes I1 handled
          reject to operator: incident I1
08:06:00  P003 presses robbery a2
          incident I2 robbery at 银行3, by P003
          order I2-1 to U01 respond, eta 92 s
          order I2-2 to U03 respond, eta 167 s
          order I2-3 to P004 hold, eta on foot 317 s
          I2 dispatched
          notice to G1: 抢劫 / Robbery: 银行3
          receipt to P003 for a2: I2
