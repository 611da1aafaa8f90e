# The same press delivered twice is one alarm; a second press within seconds joins its incident.
08:00:05  P001 presses panic a1
          incident I1 panic at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          I1 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I1
08:00:06  P001 presses panic a1
          receipt to P001 for a1: I1
08:00:09  P001 presses panic a2
          alarm of P001 joins I1: same_press
          receipt to P001 for a2: I1
