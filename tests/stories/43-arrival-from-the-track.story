# Nobody says that he is there or has left: the track does.
08:00:00  caller 139 reports dispute c1 at 3.5 2.5
          incident I1 dispute at 路口, by 139
          order I1-1 to U03 respond, eta 37 s
          I1 dispatched
08:00:05  U03 accepts I1-1
          I1-1 accepted
08:00:20  U03 drives to 3.2 2.8
08:00:20  (time passes)
          I1-1 en_route: 220 m from the place, fix 0 s old
          U03 is en_route, by track
08:00:40  U03 drives to 3.5 2.5
08:00:41  (time passes)
          I1-1 on_scene: 0 m from the place, fix 1 s old
          U03 is on_scene, by track
          I1 on_scene
08:00:50  U03 drives to 3.5 2.5
08:10:00  U03 drives to 3.5 2.5
08:12:00  U03 drives to 4.5 3.5
08:12:02  (time passes)
          I1-1 completed: 732 m from the place, fix 2 s old
          U03 is available, by track
          I1 contained
          I1 closed: handled
08:12:20  U03 drives to 5 4
