# A gate raises the alarm too; it is found where it stands.
08:00:00  K1 presses panic a1
          incident I1 panic at 路口, by K1
          order I1-1 to U05 respond, eta 244 s
          I1 dispatched
          receipt to K1 for a1: I1
08:00:05  U05 accepts I1-1
          I1-1 accepted
08:01:00  U05 drives to 6 6
08:01:02  (time passes)
          I1-1 en_route: 2197 m from the place, fix 2 s old
          U05 is en_route, by track
08:02:00  U05 drives to 7 7
08:03:00  U05 drives to 8 8
08:03:50  U05 is on_scene I1-1
          I1-1 on_scene
          I1 on_scene
08:20:00  U05 is available I1-1
          I1-1 completed: reported available
          I1 contained
          I1 closed: handled
