# 拉动测试: an unannounced call to a group; a post that is silent is not the first choice the next time.
08:00:00  operator calls group G1 muster for 60 posts test call: sign on
          notice N1 muster to 5 responders: test call: sign on
08:00:10  P001 reads N1
          P001 has read N1
08:00:11  P003 reads N1
          P003 has read N1
08:00:12  P004 reads N1
          P004 has read N1
08:01:00  (time passes)
          N1 is over: 3 of 5 answered
08:02:00  P003 presses robbery a1
          incident I1 robbery at 银行3, by P003
          order I1-1 to U03 respond, eta 167 s
          order I1-2 to U01 respond, eta 92 s
          order I1-3 to P004 hold, eta on foot 317 s
          I1 dispatched
          notice to G1: 抢劫 / Robbery: 银行3
          receipt to P003 for a1: I1
08:02:05  U03 accepts I1-1
          I1-1 accepted
08:02:06  U01 accepts I1-2
          I1-2 accepted
08:02:07  P004 accepts I1-3
          I1-3 accepted
