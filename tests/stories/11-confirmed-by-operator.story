# A type that needs the operator's word waits for it, and reminds.
08:00:05  P001 presses notice_only a1
          incident I1 notice_only at 银行1, by P001
          I1 lacks 1 confirmation
          receipt to P001 for a1: I1
08:01:05  (time passes)
          I1 escalated, level 1
08:01:10  operator sends U03 to I1
          order I1-1 to U03 respond, eta 192 s
          I1 lacks nothing
          I1 dispatched
