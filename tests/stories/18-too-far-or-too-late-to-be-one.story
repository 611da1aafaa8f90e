# The same kind of alarm three blocks away, or long after, is an incident of its own.
08:00:00  caller 139 reports dispute c1 at 2 2
          incident I1 dispute at 路口, by 139
          order I1-1 to U02 respond, eta 0 s
          I1 dispatched
08:00:10  U02 accepts I1-1
          I1-1 accepted
08:00:11  U02 is on_scene I1-1
          I1-1 on_scene
          I1 on_scene
08:00:20  caller 138 reports dispute c2 at 5 2
          incident I2 dispute at 路口, by 138
          order I2-1 to U03 respond, eta 110 s
          I2 dispatched
08:00:30  U03 accepts I2-1
          I2-1 accepted
08:01:00  U03 drives to 4 2.5
08:01:01  (time passes)
          I2-1 en_route: 551 m from the place, fix 1 s old
          U03 is en_route, by track
08:01:50  U03 is on_scene I2-1
          I2-1 on_scene
          I2 on_scene
08:09:00  caller 137 reports dispute c3 at 2 2
          incident I3 dispute at 路口, by 137
          order I3-1 to U01 respond, eta 61 s
          I3 dispatched
