# Posts are asked to watch and to stop somebody, in the operator's own words.
08:00:00  P001 presses robbery a1
          incident I1 robbery at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s
          order I1-2 to U03 respond, eta 192 s
          order I1-3 to P002 hold, eta on foot 317 s
          I1 dispatched
          notice to G1: 抢劫 / Robbery: 银行1
          receipt to P001 for a1: I1
08:00:03  U01 accepts I1-1
          I1-1 accepted
08:00:04  U03 accepts I1-2
          I1-2 accepted
08:00:05  P002 accepts I1-3
          I1-3 accepted
08:00:20  operator sends P004 to I1 as observe because he runs that way
          order I1-4 to P004 observe, eta on foot 952 s
08:00:25  P004 accepts I1-4
          I1-4 accepted
08:00:30  operator sends P005 to I1 as stop
          order I1-5 to P005 stop, eta on foot 1270 s
08:00:35  P005 refuses I1-5 alone at the door
          I1-5 refused: alone at the door
08:00:40  P004 sees foot of I1 at 4 0.1 grey coat
          sighting by P004, foot
