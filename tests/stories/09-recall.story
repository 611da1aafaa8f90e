# The operator recalls an order; who accepts too late is told again.
08:00:05  P001 presses panic a1
          incident I1 panic at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          I1 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I1
08:00:10  operator recalls I1-1 wrong unit
          I1-1 cancelled: wrong unit
          U01 is available, by operator/wang
          I1 lacks 1 confirmation
          I1 pending
          recall of I1-1 to U01
08:00:11  U01 accepts I1-1
          recall of I1-1 to U01
08:00:12  U01 gets I1-1
08:00:20  operator sends U03 to I1
          order I1-2 to U03 respond, eta 192 s
          I1 lacks nothing
          I1 dispatched
08:00:22  U03 accepts I1-2
          I1-2 accepted
08:00:40  operator closes I1 false alarm
          I1-2 cancelled: incident closed: false_alarm
          U03 is available, by operator/wang
          I1 closed: false_alarm
          recall of I1-2 to U03
08:00:41  U03 gets I1-2
