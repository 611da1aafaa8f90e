# Nobody free: the queue is served by urgency and age, told to the operator, then to the neighbours.
town: rules {ageing_s = 60}
town: plan dispute {ack_within_s = 60, escalate_after_s = 60}
08:00:00  U01 is busy
08:00:00  U02 is busy
08:00:00  U03 is busy
08:00:00  U04 is busy
08:00:00  U05 is busy
08:00:00  U06 is busy
08:00:10  caller 139 reports dispute c1 at 2 2
          incident I1 dispute at 路口, by 139
          I1 lacks 1 unit:patrol
08:00:40  caller 138 reports dispute c2 at 5 5
          incident I2 dispute at 路口, by 138
          I2 lacks 1 unit:patrol
08:00:50  P001 presses panic a1
          incident I3 panic at 银行1, by P001
          I3 lacks 1 unit:patrol
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I3
08:01:10  (time passes)
          I1 escalated, level 1
08:01:30  U06 is available
          order I3-1 to U06 respond, eta 2734 s
          I3 lacks nothing
          I3 dispatched
08:01:33  U06 accepts I3-1
          I3-1 accepted
08:01:40  (time passes)
          I2 escalated, level 1
08:02:00  U06 is on_scene I3-1
          I3-1 on_scene
          I3 on_scene
08:03:10  (time passes)
          I1 escalated, level 2
08:03:40  (time passes)
          I2 escalated, level 2
08:04:00  U02 is available
          order I1-1 to U02 respond, eta 0 s
          I1 lacks nothing
          I1 dispatched
08:04:05  U02 accepts I1-1
          I1-1 accepted
08:04:30  U02 is on_scene I1-1
          I1-1 on_scene
          I1 on_scene
08:07:40  (time passes)
          I2 escalated to neighbours, level 3
          neighbours are asked for help with I2: 1 unit:patrol
08:08:30  U05 is available
          order I2-1 to U05 respond, eta 0 s
          I2 lacks nothing
          I2 dispatched
08:08:35  U05 accepts I2-1
          I2-1 accepted
