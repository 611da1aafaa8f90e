# All refuse: the incident waits, is escalated, then goes to the first who is free again.
08:00:00  U04 is off_duty
08:00:00  U05 is off_duty
08:00:00  U06 is off_duty
08:00:05  P001 presses panic a1
          incident I1 panic at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          I1 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I1
08:00:08  U01 refuses I1-1 engine fault
          I1-1 refused: engine fault
          order I1-2 to U03 respond, eta 192 s
08:00:12  U03 refuses I1-2 with a prisoner
          I1-2 refused: with a prisoner
          order I1-3 to U02 respond, eta 807 s
08:00:16  U02 refuses I1-3 hurt
          I1-3 refused: hurt
          I1 lacks 1 unit:patrol
          I1 pending
08:01:16  (time passes)
          I1 escalated, level 1
08:02:30  U05 is available
          order I1-4 to U05 respond, eta 281 s
          I1 lacks nothing
          I1 dispatched
