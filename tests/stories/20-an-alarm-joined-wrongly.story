# A post presses twice; the second is about something else and gets an incident of its own.
08:00:00  P001 presses panic a1
          incident I1 panic at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          I1 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I1
08:00:05  U01 accepts I1-1
          I1-1 accepted
08:00:20  P001 presses robbery a2
          alarm of P001 joins I1: near_in_space_and_time
          receipt to P001 for a2: I1
08:00:40  operator splits P001/a2 a hold-up, not the fall
          alarm P001/a2 leaves I1 as I2: a hold-up, not the fall
          order I2-1 to U03 respond, eta 192 s
          order I2-2 to U04 respond, eta 264 s
          order I2-3 to P002 hold, eta on foot 317 s
          I2 dispatched
          notice to G1: 抢劫 / Robbery: 银行1
08:00:45  operator splits P001/a1 nothing is left of it then
          reject to operator: alarm P001/a1
