# The rule sent the nearest; the operator sends another as well, and says why.
08:00:05  P001 presses panic a1
          incident I1 panic at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          I1 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I1
08:00:08  U01 accepts I1-1
          I1-1 accepted
08:00:15  operator sends U06 to I1 because speaks the dialect
          order I1-2 to U06 respond, eta 2734 s
08:00:20  operator recalls I1-1 not needed any more
          I1-1 cancelled: not needed any more
          U01 is available, by operator/wang
          recall of I1-1 to U01
08:00:22  U01 gets I1-1
08:00:25  operator sends U06 to I1 because twice
          reject to operator: responder U06
08:00:28  U06 accepts I1-2
          I1-2 accepted
08:00:30  operator sends U99 to I1
          reject to operator: responder U99
