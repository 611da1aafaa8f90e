# A silent alarm: nothing goes to the post that pressed it, nor a search about it to its address.
08:00:00  P001 presses duress a1
          incident I1 duress at 银行1, by P001
          order I1-1 to U01 respond, eta 46 s, silent
          I1 dispatched
          receipt to P001 for a1: I1
08:00:05  U01 accepts I1-1
          I1-1 accepted
08:00:20  operator calls all search about I1 posts man with a grey bag
          notice N1 search to P002, P003, P004, P005: man with a grey bag
08:00:30  operator calls all search units man with a grey bag
          notice N2 search to 6 responders: man with a grey bag
