# What came in as a quarrel is a robbery one block further: priority, forces and who drives are told.
08:00:00  caller 139 reports dispute c1 at 2.5 2.5
          incident I1 dispute at 路口, by 139
          order I1-1 to U03 respond, eta 37 s
          I1 dispatched
08:00:05  U03 accepts I1-1
          I1-1 accepted
08:00:20  operator changes I1 type robbery at 3.5 2.5 a knife was seen
          I1 is now robbery, priority 1, at 路口: a knife was seen
          notice N1 to U03: I1: 地点更正 / place corrected: 路口
          order I1-2 to U04 respond, eta 87 s
08:00:22  operator changes I1 priority 9 no such class
          reject to operator: priority 9
08:00:24  U04 accepts I1-2
          I1-2 accepted
08:01:05  U03 drives to 3.5 2.5
08:01:05  (time passes)
          I1-1 on_scene: 0 m from the place, fix 0 s old
          U03 is on_scene, by track
          I1 on_scene
08:01:10  U03 drives to 3.5 2.5
08:01:15  U04 is on_scene I1-2
          I1-2 on_scene
