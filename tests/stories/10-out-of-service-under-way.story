# A unit that breaks down on its way is replaced.
08:00:05  P001 presses panic a1
          incident I1 panic at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          I1 dispatched
          notice to G1: 紧急求助 / Panic: 银行1
          receipt to P001 for a1: I1
08:00:08  U01 accepts I1-1
          I1-1 accepted
08:00:15  U01 is en_route
          I1-1 en_route
08:00:40  U01 is out_of_service
          I1-1 refused: reported out_of_service
          order I1-2 to U03 respond, eta 192 s
