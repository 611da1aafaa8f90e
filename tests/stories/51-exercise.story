# An exercise is marked as one; a real alarm takes its unit at once.
08:00:00  centre district-desk reports panic x1 at 1.1 1.1 exercise
          incident I1 panic at 路口, by district-desk (exercise)
          order I1-1 to U01 respond, eta 6 s
          I1 dispatched
08:00:05  U01 accepts I1-1
          I1-1 accepted
08:00:20  P001 presses panic a1
          incident I2 panic at 银行1, by P001
          I1-1 cancelled: diverted to I2
          U01 is available, by rule
          order I2-1 to U01 respond, eta 46 s
          I2 dispatched
          order I1-2 to U03 respond, eta 139 s
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I2
          recall of I1-1 to U01
08:00:22  U01 gets I1-1
08:00:24  U01 accepts I2-1
          I2-1 accepted
08:00:26  operator closes I1 drill
          I1-2 cancelled: incident closed: drill
          U03 is available, by operator/wang
          I1 closed: drill
          recall of I1-2 to U03
