# The neighbours rang through the broker alone; back again, the engine takes the same alarm once.
08:00:00  P001 presses panic a1 sent 07:58:30
          incident I1 panic at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          I1 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I1
08:00:01  again group/G1
          receipt to P001 for a1: I1
08:00:02  P001 presses panic a1 sent 07:58:30
          receipt to P001 for a1: I1
08:00:10  operator notes I1 of 07:59:30 guards of P002 went over by themselves
          I1 note 1 of 07:59:30: guards of P002 went over by themselves
08:00:14  operator moves I1-1 accepted of 08:00:08 told by radio
          I1-1 accepted, at 08:00:08: told by radio
08:00:30  operator moves I1-1 on_scene of 07:40:00 before it was sent
          reject to operator: happened_ms 1763998800000
