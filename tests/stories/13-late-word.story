# A status that names an ended order speaks of the past and does not end the new one.
08:00:05  P001 presses panic a1
          incident I1 panic at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          I1 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I1
08:00:08  U01 accepts I1-1
          I1-1 accepted
08:00:30  U01 is on_scene I1-1
          I1-1 on_scene
          I1 on_scene
08:00:50  U01 is available I1-1
          I1-1 completed: reported available
          I1 contained
          I1 closed: handled
08:01:00  P001 presses panic a2
          incident I2 panic at 银行1, by P001
          order I2-1 to U01 respond, eta 46 s
          I2 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a2: I2
08:01:02  U01 is available I1-1
08:01:03  U01 accepts I2-1
          I2-1 accepted
