# The district prefers not to strip a beat: a quarrel gets the second nearest, a panic alarm the nearest all the same.
town: rules {cover_s = 300.0}
town: circle Z1 at 1 1 within 5
08:00:05  caller 139 reports dispute c1 at 1.6 1.6
          incident I1 dispute at 路口, by 139
          order I1-1 to U03 respond, eta 102 s
          I1 dispatched
08:00:10  U03 accepts I1-1
          I1-1 accepted
08:00:20  P001 presses panic a1
          incident I2 panic at 银行1, by P001
          order I2-1 to U01 respond, eta 46 s
          I2 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I2
08:00:25  U01 accepts I2-1
          I2-1 accepted
