# A getaway car found later belongs to the robbery without being it.
08:00:00  P001 presses robbery a1
          incident I1 robbery at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          order I1-2 to U03 respond, eta 192 s
          order I1-3 to P002 hold, eta on foot 317 s
          I1 dispatched
          notice to G1: 抢劫 / Robbery: 银行1
          receipt to P001 for a1: I1
08:00:05  U01 accepts I1-1
          I1-1 accepted
08:00:06  U03 accepts I1-2
          I1-2 accepted
08:00:07  P002 accepts I1-3
          I1-3 accepted
08:00:50  caller 139 reports notice_only c1 at 6 6
          incident I2 notice_only at 路口, by 139
          I2 lacks 1 confirmation
08:01:00  operator links I2 to I1 part_of
          I2 is part_of I1
08:01:10  operator links I2 to I2 part_of
          reject to operator: other I2
