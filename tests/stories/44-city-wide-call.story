# 全城响应: one call to everybody; who has read it is known, and who has not when it ends.
08:00:00  caller 139 reports notice_only c1 at 2 2
          incident I1 notice_only at 路口, by 139
          I1 lacks 1 confirmation
08:00:10  operator calls all search about I1 for 120 white van, two men
          notice N1 search to 11 responders: white van, two men
08:00:15  U01 reads N1
          U01 has read N1
08:00:16  P003 reads N1
          P003 has read N1
08:00:40  P003 sees car of I1 at 3 0.2 white van to the east
          sighting by P003, car
08:01:00  (time passes)
          I1 escalated, level 1
08:02:10  (time passes)
          N1 is over: 2 of 11 answered
08:03:00  U02 reads N1
          reject to U02: order N1
