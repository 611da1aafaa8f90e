# A unit that does not move although it took the order: the next responder goes as well.
08:00:00  U04 is off_duty
08:00:00  U05 is off_duty
08:00:00  U06 is off_duty
08:00:05  caller 139 reports panic c1 at 3 5
          incident I1 panic at 路口, by 139
          order I1-1 to U03 respond, eta 111 s
          I1 dispatched
08:00:08  U03 accepts I1-1
          I1-1 accepted
08:00:30  U03 drives to 3 3
08:01:00  U03 drives to 3 3
08:01:30  U03 drives to 3 3
08:01:41  (time passes)
          I1-1 is late: not_moving
          I1 is to have 1 unit:patrol more: I1-1 is late: not_moving
          order I1-2 to U01 respond, eta 202 s
08:01:50  U01 accepts I1-2
          I1-2 accepted
08:02:00  U03 drives to 3 3.6
08:02:02  (time passes)
          I1-1 en_route: 779 m from the place, fix 2 s old
          U03 is en_route, by track
08:02:30  U03 drives to 3 4.4
08:03:00  U03 drives to 3 5
08:03:02  (time passes)
          I1-1 on_scene: 0 m from the place, fix 2 s old
          U03 is on_scene, by track
          I1 on_scene
08:03:04  U03 drives to 3 5
