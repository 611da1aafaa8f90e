# A false alarm with two units under way: both are taken back and say so.
08:00:05  P001 presses robbery a1
          incident I1 robbery at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          order I1-2 to U03 respond, eta 192 s
          order I1-3 to P002 hold, eta on foot 317 s
          I1 dispatched
          notice to G1: 抢劫 / Robbery: 银行1
          receipt to P001 for a1: I1
08:00:08  U01 accepts I1-1
          I1-1 accepted
08:00:09  U03 accepts I1-2
          I1-2 accepted
08:00:09  P002 accepts I1-3
          I1-3 accepted
08:00:10  U01 is en_route I1-1
          I1-1 en_route
08:00:40  operator closes I1 false alarm a cleaner pressed it
          I1 came to a cleaner pressed it
          I1-1 cancelled: incident closed: false_alarm
          U01 is available, by operator/wang
          I1-2 cancelled: incident closed: false_alarm
          U03 is available, by operator/wang
          I1-3 completed: incident closed: false_alarm
          P002 is available, by operator/wang
          I1 closed: false_alarm
          recall of I1-1 to U01
          recall of I1-2 to U03
08:00:42  U01 gets I1-1
08:00:43  U03 gets I1-2
08:00:44  P002 gets I1-3
08:00:50  U01 is on_scene I1-1
          recall of I1-1 to U01
