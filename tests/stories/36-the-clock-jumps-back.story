# The clock is set back an hour: nothing stands still, nothing runs out at once, nothing is sent twice.
08:00:05  P001 presses panic a1
          incident I1 panic at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          I1 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I1
08:00:06  clock jumps to 07:00:06
07:00:10  P001 presses panic a1
          receipt to P001 for a1: I1
07:00:20  U01 accepts I1-1
          I1-1 accepted
07:01:00  U01 is on_scene I1-1
          I1-1 on_scene
          I1 on_scene
07:03:02  (time passes)
          I1-1 completed: 557 m from the place, fix -3418 s old
          U01 is available, by track
          I1 contained
          I1 closed: handled
07:04:00  P003 presses panic a2
          incident I2 panic at 银行3, by P003
          order I2-1 to U01 respond, eta 92 s
          I2 dispatched
          notice to G1: 紧急求助 / Panic: 银行3
          receipt to P003 for a2: I2
