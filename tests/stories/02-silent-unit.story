# Nobody answers: sent again, the next is sent beside it, and at the end the order expires.
08:00:05  P001 presses panic a1
          incident I1 panic at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          I1 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I1
08:00:20  (time passes)
          I1-1 overdue, sent again, attempt 2
          order I1-2 to U03 respond, eta 192 s
08:00:35  (time passes)
          I1-2 overdue, sent again, attempt 2
          order I1-3 to U04 respond, eta 264 s
08:00:50  (time passes)
          I1-1 overdue, sent again, attempt 3
          I1-3 overdue, sent again, attempt 2
          order I1-4 to U05 respond, eta 281 s
08:01:05  (time passes)
          I1-2 overdue, sent again, attempt 3
          I1-4 overdue, sent again, attempt 2
          order I1-5 to U02 respond, eta 807 s
08:01:20  (time passes)
          I1-3 overdue, sent again, attempt 3
          I1-5 overdue, sent again, attempt 2
          order I1-6 to U06 respond, eta 2734 s
08:01:35  (time passes)
          I1-4 overdue, sent again, attempt 3
          I1-6 overdue, sent again, attempt 2
          I1 lacks 1 unit:patrol
08:01:50  (time passes)
          I1-1 overdue, sent again, attempt 4
          I1-5 overdue, sent again, attempt 3
08:02:05  (time passes)
          I1-2 overdue, sent again, attempt 4
          I1-6 overdue, sent again, attempt 3
08:02:20  (time passes)
          I1-3 overdue, sent again, attempt 4
08:02:35  (time passes)
          I1 escalated, level 1
          I1-4 overdue, sent again, attempt 4
08:02:50  (time passes)
          I1-5 overdue, sent again, attempt 4
08:03:05  (time passes)
          I1-6 overdue, sent again, attempt 4
08:03:50  (time passes)
          I1-1 overdue, sent again, attempt 5
08:04:05  (time passes)
          I1-2 overdue, sent again, attempt 5
08:04:20  (time passes)
          I1-3 overdue, sent again, attempt 5
08:04:35  (time passes)
          I1 escalated, level 2
          I1-4 overdue, sent again, attempt 5
08:04:50  (time passes)
          I1-5 overdue, sent again, attempt 5
08:05:05  (time passes)
          I1-1 expired: no answer
          U01 is available, by rule
          I1-6 overdue, sent again, attempt 5
          recall of I1-1 to U01
08:05:20  (time passes)
          I1-2 expired: no answer
          U03 is available, by rule
          recall of I1-2 to U03
08:05:35  (time passes)
          I1-3 expired: no answer
          U04 is available, by rule
          recall of I1-3 to U04
08:05:50  (time passes)
          I1-4 expired: no answer
          U05 is available, by rule
          recall of I1-4 to U05
08:06:00  U01 is busy
