# A citizen's text about a robbery and the bank's button are one incident; why is written down.
town: plan panic {join_within_m = 600.0}
08:00:00  tip sms-139 reports robbery t1 at 1.5 0.5 somebody with a knife at the bank
          incident I1 robbery at 路口, by sms-139
          order I1-1 to U01 respond, eta 30 s
          order I1-2 to U03 respond, eta 156 s
          order I1-3 to P001 hold, eta on foot 244 s
          I1 dispatched
          notice to G1: 抢劫 / Robbery: 路口
08:00:05  U01 accepts I1-1
          I1-1 accepted
08:00:06  U03 accepts I1-2
          I1-2 accepted
08:00:07  P001 accepts I1-3
          I1-3 accepted
08:00:40  P001 presses panic a1
          alarm of P001 joins I1: near_in_space_and_time
          order I1-4 to U04 respond, eta 228 s
          receipt to P001 for a1: I1
08:00:43  U04 accepts I1-4
          I1-4 accepted
