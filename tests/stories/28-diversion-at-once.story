# Where the district says so, a nearer unit on its way to a quarrel is taken at once; the quarrel gets the next.
town: rules {divert = "automatic"}
08:00:00  caller 139 reports dispute c1 at 1.2 1.2
          incident I1 dispute at 路口, by 139
          order I1-1 to U01 respond, eta 12 s
          I1 dispatched
08:00:05  U01 accepts I1-1
          I1-1 accepted
08:00:20  P001 presses panic a1
          incident I2 panic at 银行1, by P001
          I1-1 cancelled: diverted to I2
          U01 is available, by rule
          order I2-1 to U01 respond, eta 46 s
          I2 dispatched
          order I1-2 to U03 respond, eta 132 s
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I2
          recall of I1-1 to U01
08:00:21  U01 gets I1-1
