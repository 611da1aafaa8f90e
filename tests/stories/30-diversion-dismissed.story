# The operator knows better: dismissed, with a reason.
08:00:00  caller 139 reports dispute c1 at 1.2 1.2
          incident I1 dispute at 路口, by 139
          order I1-1 to U01 respond, eta 12 s
          I1 dispatched
08:00:05  U01 accepts I1-1
          I1-1 accepted
08:00:20  P001 presses panic a1
          incident I2 panic at 银行1, by P001
          order I2-1 to U03 respond, eta 192 s
          advice A1: divert U01 from I1 to I2, gains 146 s
          I2 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I2
08:00:30  operator dismisses A1
          reject to operator: reason
08:00:35  operator dismisses A1 already talking to the drunk
          advice A1 dismissed: already talking to the drunk
