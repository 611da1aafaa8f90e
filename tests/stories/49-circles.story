# 1-3-5 minutes: the car of a bank's circle is sent away; the advice brings another near.
town: circle Z1 at 1 1 within 2 bound U01,U04
08:00:30  P001 presses panic a1
          incident I1 panic at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          I1 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I1
08:00:35  U01 accepts I1-1
          I1-1 accepted
08:01:00  (time passes)
          circles: 0 hold, Z1 do not
          advice A1: move_up U04 to Z1, gains 100 s
08:01:05  U01 is on_scene I1-1
          I1-1 on_scene
          I1 on_scene
08:01:10  operator accepts A1
          advice A1 accepted
          notice N2 to U04: 前置待命 / Move up and wait: Z1
08:01:40  U04 drives to 3 2
08:02:10  U04 drives to 1.5 1.2
08:02:50  U04 drives to 1 1
08:03:20  U04 drives to 1 1
