# An officer's duress outranks everything: the nearest of any kind, also one under way to less; he himself is sent nowhere.
town: plan officer_in_need {priority = 0, name_zh = "民警遇险", name_en = "Officer in need"}
08:00:00  caller 139 reports dispute c1 at 3 3
          incident I1 dispute at 路口, by 139
          order I1-1 to U03 respond, eta 0 s
          I1 dispatched
08:00:05  U03 accepts I1-1
          I1-1 accepted
08:00:30  U04 presses duress d1
          U04 is busy, by rule
          incident I2 officer_in_need at 路口, by U04
          order I2-1 to U05 respond, eta 61 s
          I1-1 cancelled: diverted to I2
          U03 is available, by rule
          order I2-2 to U03 respond, eta 73 s
          I2 dispatched
          order I1-2 to U01 respond, eta 122 s
          receipt to U04 for d1: I2
          recall of I1-1 to U03
08:00:31  U04 presses duress d2
          alarm of U04 joins I2: same_press
          receipt to U04 for d2: I2
08:00:33  U03 accepts I2-2
          I2-2 accepted
08:00:34  U05 accepts I2-1
          I2-1 accepted
08:00:35  U03 gets I1-1
08:00:40  U01 accepts I1-2
          I1-2 accepted
