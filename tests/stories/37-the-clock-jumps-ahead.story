# The clock leaps two hours ahead: what was unanswered is settled once, not a hundred times.
08:00:05  P001 presses panic a1
          incident I1 panic at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          I1 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I1
08:00:06  clock jumps to 10:00:06
10:00:06  (time passes)
          I1-1 expired: no answer
          U01 is available, by rule
          order I1-2 to U03 respond, eta 192 s
          recall of I1-1 to U01
10:00:07  U05 accepts I1-2
          reject to U05: order I1-2
