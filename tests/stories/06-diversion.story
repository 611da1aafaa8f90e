# A robbery takes a unit off a dispute, and the dispute is given another at once.
08:00:00  U02 is off_duty
08:00:00  U04 is off_duty
08:00:00  U05 is off_duty
08:00:00  U06 is off_duty
08:00:05  U06 presses dispute d1 at 1 1
          incident I1 dispute at 路口, by U06
          order I1-1 to U01 respond, eta 0 s
          I1 dispatched
          receipt to U06 for d1: I1
08:00:08  U01 accepts I1-1
          I1-1 accepted
08:00:20  P001 presses robbery a1
          incident I2 robbery at 银行1, by P001
          I1-1 cancelled: diverted to I2
          U01 is available, by rule
          order I2-1 to U01 respond, eta 46 s
          order I2-2 to U03 respond, eta 192 s
          order I2-3 to P002 hold, eta on foot 317 s
          I2 dispatched
          I1 lacks 1 unit:patrol
          I1 pending
          notice to G1: 抢劫 / Robbery: 银行1
          receipt to P001 for a1: I2
          recall of I1-1 to U01
08:00:22  U01 gets I1-1
