# A button at a bank: two units, the neighbouring post, its group; all arrive and clear.
08:00:05  P001 presses robbery a1
          incident I1 robbery at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          order I1-2 to U03 respond, eta 192 s
          order I1-3 to P002 hold, eta on foot 317 s
          I1 dispatched
          notice to G1: 抢劫 / Robbery: 银行1
          receipt to P001 for a1: I1
08:00:06  U01 gets I1-1
          I1-1 delivered
08:00:07  U01 accepts I1-1
          I1-1 accepted
08:00:08  U03 accepts I1-2
          I1-2 accepted
08:00:08  P002 accepts I1-3
          I1-3 accepted
08:00:09  U02 accepts I1-2
          reject to U02: order I1-2
08:00:12  U01 is en_route I1-1
          I1-1 en_route
08:01:00  U01 is on_scene I1-1
          I1-1 on_scene
          I1 on_scene
08:01:10  U03 is on_scene I1-2
          I1-2 on_scene
08:05:00  U01 is available I1-1
          I1-1 completed: reported available
08:05:10  U03 is available I1-2
          I1-2 completed: reported available
          I1 contained
          I1-3 completed: incident closed: handled
          P002 is available, by rule
          I1 closed: handled
