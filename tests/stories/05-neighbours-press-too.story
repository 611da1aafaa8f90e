# Two posts near each other: one incident, more certain, reinforced.
08:00:05  P001 presses robbery a1 at 1 0
          incident I1 robbery at 路口, by P001
          order I1-1 to U01 respond, eta 46 s
          order I1-2 to U03 respond, eta 192 s
          order I1-3 to P002 hold, eta on foot 317 s
          I1 dispatched
          notice to G1: 抢劫 / Robbery: 路口
          receipt to P001 for a1: I1
08:00:20  P002 presses panic a1 at 1.2 0
          alarm of P002 joins I1: near_in_space_and_time
          order I1-4 to U04 respond, eta 264 s
          receipt to P002 for a1: I1
