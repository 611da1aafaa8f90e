# A terminal is dead, the officer speaks: the operator moves the order on with the real times.
08:00:00  caller 139 reports dispute c1 at 2 2
          incident I1 dispute at 路口, by 139
          order I1-1 to U02 respond, eta 0 s
          I1 dispatched
08:00:10  operator moves I1-1 accepted by radio
          I1-1 accepted: by radio
08:00:30  operator moves I1-1 on_scene of 08:00:25 by radio
          I1-1 on_scene, at 08:00:25: by radio
          U02 is on_scene, by operator/wang
          I1 on_scene
08:09:00  operator moves I1-1 completed of 08:08:40 by radio
          I1-1 completed, at 08:08:40: by radio
          U02 is available, by operator/wang
          I1 contained
          I1 closed: handled
08:09:10  operator moves I1-1 accepted too late
          reject to operator: order I1-1
08:09:20  operator sets U02 out_of_service terminal dead
          U02 is out_of_service, by operator/wang
08:09:30  caller 138 reports dispute c2 at 2 2
          incident I2 dispute at 路口, by 138
          order I2-1 to U01 respond, eta 61 s
          I2 dispatched
