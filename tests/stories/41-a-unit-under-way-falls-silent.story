# No fix from a unit under way: it is called late and another goes as well; the first is not taken back.
town: rules {stale_after_s = {plain_clothes = 60}}
08:00:00  U02 is off_duty
08:00:00  U04 is off_duty
08:00:00  U05 is off_duty
08:00:00  U06 is off_duty
08:00:05  caller 139 reports panic c1 at 2 5
          incident I1 panic at 路口, by 139
          order I1-1 to U03 respond, eta 121 s
          I1 dispatched
08:00:08  U03 accepts I1-1
          I1-1 accepted
08:00:10  U03 is en_route I1-1
          I1-1 en_route
08:00:20  U03 drives to 2.9 3.3
08:00:50  U01 drives to 1 1
08:01:10  U01 drives to 1 1
08:01:30  U01 accepts I1-2
          reject to U01: order I1-2
08:02:11  (time passes)
          I1-1 is late: unit_silent
          I1 is to have 1 unit:patrol more: I1-1 is late: unit_silent
          order I1-2 to U01 respond, eta 190 s
08:02:26  (time passes)
          I1-2 overdue, sent again, attempt 2
          I1 lacks 1 unit:patrol
08:02:30  U03 drives to 2.1 4.6
08:02:40  U03 drives to 2 5
08:02:41  (time passes)
          I1-1 on_scene: 0 m from the place, fix 1 s old
          U03 is on_scene, by track
          I1 on_scene
08:02:44  U03 drives to 2 5
