# Duress: units are sent, but nothing sounds at the site or in its group.
08:00:05  P001 presses duress a1
          incident I1 duress at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s, silent
          I1 dispatched
          receipt to P001 for a1: I1
08:00:07  P002 presses panic a1 silent
          incident I2 panic at 银行2, by P002
          order I2-1 to U03 respond, eta 174 s, silent
          I2 dispatched
          receipt to P002 for a1: I2
