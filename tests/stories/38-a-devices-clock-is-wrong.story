# An alarm from the future is refused with the field named; one from a day with no network is taken.
08:00:05  P001 presses panic a1 sent 08:30:00
          reject to P001: t 1764001800000
08:00:10  P001 presses panic a2 sent 06:00:00
          incident I1 panic at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          I1 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a2: I1
