# Two callers, one brawl: the operator merges, then learns better and takes it back.
08:00:00  caller 139 reports dispute c1 at 2 2
          incident I1 dispute at 路口, by 139
          order I1-1 to U02 respond, eta 0 s
          I1 dispatched
08:00:10  caller 138 reports dispute c2 at 4 2
          incident I2 dispute at 路口, by 138
          order I2-1 to U03 respond, eta 73 s
          I2 dispatched
08:00:20  U02 accepts I1-1
          I1-1 accepted
08:00:22  U02 is on_scene I1-1
          I1-1 on_scene
          I1 on_scene
08:00:25  U03 accepts I2-1
          I2-1 accepted
08:00:40  operator merges I2 into I1 the same brawl
          I2 goes on as I1, with I2-1: the same brawl
08:01:00  operator unmerges I2 a second brawl after all
          I2 is apart from I1 again: a second brawl after all
          I2 dispatched
08:01:05  operator merges I2 into I9 no such incident
          reject to operator: incident I9
