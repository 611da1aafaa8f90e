# With nobody to send the incident waits in sight, escalates, and gets the first who comes back.
08:00:00  U01 is busy
08:00:00  U02 is busy
08:00:00  U03 is busy
08:00:00  U04 is busy
08:00:00  U05 is busy
08:00:00  U06 is busy
08:00:05  P001 presses panic a1
          incident I1 panic at 银行1, by P001
          I1 lacks 1 unit:patrol
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I1
08:01:05  (time passes)
          I1 escalated, level 1
08:03:05  (time passes)
          I1 escalated, level 2
08:03:30  U05 is available
          order I1-1 to U05 respond, eta 281 s
          I1 lacks nothing
          I1 dispatched
