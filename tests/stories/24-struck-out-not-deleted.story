# A remark that was wrong stays readable, struck out.
08:00:00  P001 presses panic a1
          incident I1 panic at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          I1 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I1
08:00:05  U01 accepts I1-1
          I1-1 accepted
08:00:10  operator notes I1 two men, grey van
          I1 note 1: two men, grey van
08:00:20  operator strikes I1 1 it was a white van
          I1 note 1 struck out: it was a white van
08:00:30  operator notes I1 of 08:00:05 two men, white van
          I1 note 2 of 08:00:05: two men, white van
08:00:40  operator strikes I1 7 no such remark
          reject to operator: number 7
