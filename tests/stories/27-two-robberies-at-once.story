# Two robberies a second apart and too few units: what is short gets the next who is free, the fuller one nothing.
08:00:00  U04 is off_duty
08:00:00  U05 is off_duty
08:00:00  U06 is off_duty
08:00:05  P001 presses robbery a1
          incident I1 robbery at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          order I1-2 to U03 respond, eta 192 s
          order I1-3 to P002 hold, eta on foot 317 s
          I1 dispatched
          notice to G1: 抢劫 / Robbery: 银行1
          receipt to P001 for a1: I1
08:00:06  P005 presses robbery a2
          incident I2 robbery at 银行5, by P005
          order I2-1 to U02 respond, eta 1207 s
          order I2-2 to P004 hold, eta on foot 317 s
          I2 lacks 1 unit:patrol
          I2 dispatched
          notice to G1: 抢劫 / Robbery: 银行5
          receipt to P005 for a2: I2
08:00:08  U01 accepts I1-1
          I1-1 accepted
08:00:09  U03 accepts I1-2
          I1-2 accepted
08:00:10  U02 accepts I2-1
          I2-1 accepted
08:00:11  P002 accepts I1-3
          I1-3 accepted
08:00:12  P004 accepts I2-2
          I2-2 accepted
08:00:30  U05 is available
          order I2-3 to U05 respond, eta 232 s
          I2 lacks nothing
08:00:35  U05 accepts I2-3
          I2-3 accepted
