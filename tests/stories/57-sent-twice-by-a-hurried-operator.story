# The same remark, order and call arriving twice act once.
08:00:00  P001 presses panic a1
          incident I1 panic at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          I1 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I1
08:00:05  U01 accepts I1-1
          I1-1 accepted
08:00:10  operator notes I1 doors are locked
          I1 note 1: doors are locked
08:00:11  again operator/wang
08:00:20  operator sends U05 to I1
          order I1-2 to U05 respond, eta 281 s
08:00:21  again operator/wang
08:00:22  U05 accepts I1-2
          I1-2 accepted
08:00:30  operator calls group G1 notice stay inside
          notice N2 to 5 responders: stay inside
08:00:31  again operator/wang
