# A unit whose fix is old is ranked last, and still sent when it is all there is.
08:00:00  U01 is busy
08:00:00  U02 is busy
08:00:00  U03 is busy
08:00:00  U04 is busy
08:10:00  U06 drives to 6 6
08:10:05  P005 presses panic a1
          incident I1 panic at 银行5, by P005
          order I1-1 to U05 respond, eta 232 s
          I1 dispatched
          notice to G1: 紧急求助 / Panic: 银行5
          receipt to P005 for a1: I1
08:10:06  P001 presses panic a1
          incident I2 panic at 银行1, by P001
          order I2-1 to U06 respond, eta 2734 s
          I2 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I2
