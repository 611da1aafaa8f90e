# A unit whose position is old is sent only when the trusted ones are too few.
08:00:00  U01 drives to 1 1
08:02:00  U03 drives to 3 3
08:02:00  U04 drives to 4 4
08:02:05  P001 presses panic a1
          incident I1 panic at 银行1, by P001
          order I1-1 to U03 respond, eta 192 s
          I1 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I1
