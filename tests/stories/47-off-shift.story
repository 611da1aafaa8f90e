# The shift ends: who is off is not sent; who holds an order finishes it first, and then goes home.
town: shift night 22:00-08:10 U01,U03
town: shift day 08:10-16:00 U02,U05
08:00:00  (time passes)
          U02 is off_duty, by roster
          U05 is off_duty, by roster
08:00:05  P001 presses panic a1
          incident I1 panic at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          I1 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I1
08:00:08  U01 accepts I1-1
          I1-1 accepted
08:00:40  U01 is on_scene I1-1
          I1-1 on_scene
          I1 on_scene
08:10:00  (time passes)
          U03 is off_duty, by roster
          U02 is available, by roster
          U05 is available, by roster
08:11:00  P001 presses robbery a2
          incident I2 robbery at 银行1, by P001
          order I2-1 to U04 respond, eta 264 s
          order I2-2 to U05 respond, eta 281 s
          order I2-3 to P002 hold, eta on foot 317 s
          I2 dispatched
          notice to G1: 抢劫 / Robbery: 银行1
          receipt to P001 for a2: I2
08:11:03  U04 accepts I2-1
          I2-1 accepted
08:11:04  U05 accepts I2-2
          I2-2 accepted
08:11:05  P002 accepts I2-3
          I2-3 accepted
08:11:40  U01 is available I1-1
          I1-1 completed: reported available
          I1 contained
          I1 closed: handled
          U01 is off_duty, by roster
