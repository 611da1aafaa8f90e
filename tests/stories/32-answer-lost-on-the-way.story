# The acceptance is lost: the order is sent again; the repeated word then counts once.
08:00:05  P001 presses panic a1
          incident I1 panic at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          I1 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I1
08:00:07  U01 gets I1-1
          I1-1 delivered
08:00:20  (time passes)
          I1-1 overdue, sent again, attempt 2
          order I1-2 to U03 respond, eta 192 s
08:00:35  (time passes)
          I1-2 overdue, sent again, attempt 2
          order I1-3 to U04 respond, eta 264 s
08:00:50  U01 accepts I1-1
          I1-1 accepted
08:00:50  (time passes)
          I1-3 overdue, sent again, attempt 2
08:00:51  again U01
08:01:00  U03 accepts I1-2
          I1-2 accepted
