# Closed too early: the incident goes on, and somebody is sent again.
08:00:00  caller 139 reports dispute c1 at 2 2
          incident I1 dispute at 路口, by 139
          order I1-1 to U02 respond, eta 0 s
          I1 dispatched
08:00:05  U02 accepts I1-1
          I1-1 accepted
08:00:20  U02 is on_scene I1-1
          I1-1 on_scene
          I1 on_scene
08:04:00  operator closes I1 handled
          I1-1 completed: incident closed: handled
          U02 is available, by operator/wang
          I1 closed: handled
08:09:00  operator reopens I1 they are at it again
          I1 goes on: they are at it again
          I1 is to have 1 unit:patrol more: reopened
          order I1-2 to U01 respond, eta 61 s
          I1 dispatched
08:09:30  operator reopens I1 twice
          reject to operator: incident I1
