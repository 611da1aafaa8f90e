# A refusal brings the next at once, and the refuser is not asked twice for the same incident.
08:00:05  P001 presses panic a1
          incident I1 panic at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          I1 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I1
08:00:09  U01 refuses I1-1 engine trouble
          I1-1 refused: engine trouble
          order I1-2 to U03 respond, eta 192 s
08:00:12  U03 accepts I1-2
          I1-2 accepted
